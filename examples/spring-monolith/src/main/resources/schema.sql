create table if not exists job_run (
    job varchar(100) not null,
    planned timestamp(3) not null,
    instance varchar(100) not null,
    started_at timestamp(3) not null
);
