// A job on a thread of its own, in C++17: it is told at once when this process begins to lead or
// leads no more, and log lines go where the program's own do.
//
//     CLUSTER_LEADER_ELECTION=billing-jobs ./job_thread
#include <csignal>
#include <cstdint>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include "cluster_leader.h"

// An election that this process stands in while the object lives.
class Election {
public:
    explicit Election(const std::string &name)
    {
        cluster_leader_options options = CLUSTER_LEADER_OPTIONS_INIT;
        options.election = name.empty() ? nullptr : name.c_str();
        if (cluster_leader_start(&options, &handle_) != CLUSTER_LEADER_OK)
            throw std::runtime_error(cluster_leader_error_message());
    }
    ~Election() { stop(); }
    Election(const Election &) = delete;
    Election &operator=(const Election &) = delete;

    // Releases. Other threads may still ask: they are answered that there is no such election.
    void stop() noexcept { cluster_leader_stop(handle_); }

    bool leads_for(std::uint64_t milliseconds) const noexcept
    {
        return cluster_leader_is_leader_for(handle_, milliseconds);
    }

    // Waits until something changes, or for so long; false once the election was stopped.
    bool wait(cluster_leader_status_t &status, std::uint64_t timeout_ms) const noexcept
    {
        return cluster_leader_wait(handle_, status.version, timeout_ms, &status) == CLUSTER_LEADER_OK &&
               status.state != CLUSTER_LEADER_STATE_STOPPED;
    }

private:
    cluster_leader_handle handle_ = 0;
};

static void log(void *, cluster_leader_log_level level, const char *message)
{
    std::clog << "<" << level << ">" << message << std::endl;
}

static void work(const Election &election)
{
    cluster_leader_status_t status{};
    status.size = sizeof status;
    while (election.wait(status, 1000)) {
        // Whoever is written to gets the fencing token, and refuses smaller ones.
        if (status.leading && election.leads_for(1000))
            std::cout << "the job runs here, with token " << status.fencing_token << std::endl;
    }
}

int main()
{
    // Before there are other threads: all of them leave these signals to sigwait().
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    cluster_leader_set_log_callback(log, nullptr);
    try {
        Election election("");
        std::thread worker(work, std::cref(election));
        int signal;
        sigwait(&signals, &signal);
        election.stop();
        worker.join();
    } catch (const std::exception &problem) {
        std::cerr << problem.what() << std::endl;
        return 1;
    }
    // The log's last lines, and then none: std::clog may go.
    return cluster_leader_shutdown(5000) == CLUSTER_LEADER_OK ? 0 : 1;
}
