//! The mutation check: breaks the shipped code on purpose, one patch of `mutants/` at a time, and
//! demands that the simulation or the exploration of small worlds notices, for the right reason.
//!
//! `cargo run -p cluster-leader-sim --bin mutants [-- --only NAME]`. A full run writes its table to
//! `bench/results/mutants.md`. The first line of a patch names the guarantees that it breaks and why
//! somebody might write it: `G1, G2: it is the reply that makes us leader, ...`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for developers: its output is its purpose"
)]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::thread;
use std::time::Instant;

/// Enough for each breakage, many times over, and over in seconds.
const STEPS: &str = "2000000";
const SEED: &str = "1";
/// Seconds after which a world is ended, which is no catch.
const PATIENCE: &str = "60";
/// How `timeout` ends then.
const TOO_LONG: i32 = 124;
/// How `explore` ends where a breakage makes a world boundless.
const TOO_LARGE: i32 = 2;

/// Fast to build again and again, and fast enough to run.
const PROFILE: [&str; 6] = [
    "profile.mutants.inherits='release'",
    "profile.mutants.opt-level=2",
    "profile.mutants.lto=false",
    "profile.mutants.codegen-units=16",
    "profile.mutants.incremental=true",
    "profile.mutants.strip=false",
];

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let only: Vec<_> =
        arguments.iter().filter(|argument| *argument != "--only").map(String::as_str).collect();
    if arguments.len() != only.len() * 2 {
        eprintln!("usage: mutants [--only NAME]..., NAME as in crates/sim/mutants/NAME.patch");
        return ExitCode::from(2);
    }
    match check(&only) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("mutants: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Whether every breakage was caught, or every one that was asked for.
fn check(only: &[&str]) -> Result<bool, Failure> {
    let began = Instant::now();
    let workshop = Workshop::set_up()?;
    let breakages = breakages(only)?;
    workshop.restore()?;
    let unbroken = workshop.try_out()?;
    if !unbroken.is_green() {
        return Err(format!("the unbroken code is not green: {unbroken:?}").into());
    }
    println!("{HEAD}");
    let mut rows = Vec::new();
    let mut escaped = Vec::new();
    for breakage in &breakages {
        workshop.restore()?;
        workshop.apply(breakage)?;
        let trial = workshop.try_out().map_err(|failure| format!("{}: {failure}", breakage.name))?;
        let row = breakage.row(&trial);
        println!("{row}");
        rows.push(row);
        if !breakage.is_caught(&trial) {
            escaped.push(breakage.name.as_str());
        }
    }
    workshop.restore()?;
    println!("{} breakages in {} s", breakages.len(), began.elapsed().as_secs());
    if only.is_empty() {
        write_results(&rows)?;
    }
    if !escaped.is_empty() {
        println!("NOT CAUGHT: {}", escaped.join(", "));
    }
    Ok(escaped.is_empty())
}

// ---- breakages ---------------------------------------------------------------------------------

/// One patch.
struct Breakage {
    name: String,
    path: PathBuf,
    /// The guarantees that it breaks.
    breaks: Vec<String>,
}

fn breakages(only: &[&str]) -> Result<Vec<Breakage>, Failure> {
    let mut paths = fs::read_dir(root().join("crates/sim/mutants"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    let mut breakages = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !only.is_empty() && !only.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let ids = text.split_once(": ").map_or("", |(ids, _)| ids);
        let breaks: Vec<_> = ids.split(", ").map(str::to_owned).collect();
        if !breaks.iter().all(|id| is_guarantee(id)) {
            return Err(format!("{name}: its first line must begin as in `G1, G2: why`").into());
        }
        breakages.push(Breakage { name, path, breaks });
    }
    if breakages.len() < only.len().max(1) {
        return Err("no such patch in crates/sim/mutants".into());
    }
    Ok(breakages)
}

fn is_guarantee(word: &str) -> bool {
    word.strip_prefix('G').is_some_and(|number| number.parse::<u8>().is_ok())
}

impl Breakage {
    /// A world must have gone red, and for a guarantee that the breakage breaks.
    fn is_caught(&self, trial: &Trial) -> bool {
        [&trial.simulation, &trial.exploration]
            .iter()
            .any(|verdict| matches!(verdict, Verdict::Broken(catch) if self.is_right(catch)))
    }

    fn is_right(&self, catch: &Catch) -> bool {
        self.breaks.contains(&catch.violated)
    }

    fn row(&self, trial: &Trial) -> String {
        let by = |verdict: &Verdict| match verdict {
            Verdict::Kept => "-".to_owned(),
            Verdict::Undecided(why) => format!("undecided: {}", why.lines().last().unwrap_or_default()),
            Verdict::Broken(catch) if self.is_right(catch) => catch.describe(),
            Verdict::Broken(catch) => format!("WRONG REASON: {}", catch.describe()),
        };
        let stories = match trial.stories {
            0 => "-".to_owned(),
            count => count.to_string(),
        };
        let (simulation, exploration) = (by(&trial.simulation), by(&trial.exploration));
        format!("| {} | {} | {simulation} | {exploration} | {stories} |", self.name, self.breaks.join(", "))
    }
}

// ---- trials ------------------------------------------------------------------------------------

/// What became of one copy of the code.
#[derive(Debug)]
struct Trial {
    simulation: Verdict,
    exploration: Verdict,
    /// How many stories of `crates/election/tests` failed.
    stories: usize,
}

impl Trial {
    fn is_green(&self) -> bool {
        let kept = |verdict: &Verdict| matches!(verdict, Verdict::Kept);
        kept(&self.simulation) && kept(&self.exploration) && self.stories == 0
    }
}

/// What a world says of the promises.
#[derive(Debug)]
enum Verdict {
    Kept,
    Broken(Catch),
    /// It did not come to an end, and says why.
    Undecided(String),
}

/// A violation that a world found.
#[derive(Debug)]
struct Catch {
    violated: String,
    /// What it took: `seed 1, 4711 steps`.
    cost: String,
}

impl Catch {
    /// Reads what `sim` or `explore` said. A violation that it does not name is a failure.
    fn read(program: &str, output: &Output) -> Result<Verdict, Failure> {
        let said = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => return Ok(Verdict::Kept),
            Some(1) => {}
            Some(TOO_LARGE) => return Ok(Verdict::Undecided(said.into_owned())),
            Some(TOO_LONG) => {
                return Ok(Verdict::Undecided(format!("{program} took longer than {PATIENCE} s")));
            }
            _ => {
                let complaint = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{program} ended with {}: {complaint}", output.status).into());
            }
        }
        let words: Vec<_> =
            said.split([' ', '\n', ':', ',', '(', ')']).filter(|word| !word.is_empty()).collect();
        let Some(violated) = words.iter().find(|word| is_guarantee(word)) else {
            return Err(format!("{program} failed without saying what was violated: {said}").into());
        };
        let pairs = words.iter().zip(words.iter().skip(1));
        let cost = pairs.filter_map(|(word, next)| match (*word, *next) {
            ("world", "of") => None, // no name follows
            ("seed" | "world", _) | (_, "steps" | "states") => Some(format!("{word} {next}")),
            _ => None,
        });
        let cost: Vec<_> = cost.collect();
        Ok(Verdict::Broken(Self { violated: (*violated).to_owned(), cost: cost.join(", ") }))
    }

    fn describe(&self) -> String {
        format!("{}: {}", self.violated, self.cost)
    }
}

/// A copy of the sources, to be broken and built again and again.
struct Workshop {
    tree: PathBuf,
    build: PathBuf,
}

impl Workshop {
    fn set_up() -> Result<Self, Failure> {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let workshop = Self { tree: target.join("mutants/tree"), build: target.join("mutants/build") };
        fs::create_dir_all(&workshop.tree)?;
        Ok(workshop)
    }

    /// Makes the copy the same as the shipped code. What is the same already keeps its time, so
    /// that it need not be built again.
    fn restore(&self) -> Result<(), Failure> {
        let list = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .args(["*.rs", "*.toml", "Cargo.lock"])
            .current_dir(root())
            .output()?;
        for path in String::from_utf8_lossy(&list.stdout).split_terminator('\0') {
            let (shipped, copy) = (root().join(path), self.tree.join(path));
            let Ok(text) = fs::read(&shipped) else { continue }; // deleted, and not yet committed
            if fs::read(&copy).is_ok_and(|copied| copied == text) {
                continue;
            }
            if let Some(folder) = copy.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(copy, text)?;
        }
        Ok(())
    }

    fn apply(&self, breakage: &Breakage) -> Result<(), Failure> {
        let applied = Command::new("git")
            .arg("apply")
            .arg(&breakage.path)
            .current_dir(&self.tree)
            // The copy may lie inside the repository, and is no part of it.
            .env("GIT_CEILING_DIRECTORIES", self.tree.parent().unwrap_or(&self.tree))
            .output()?;
        if !applied.status.success() {
            let complaint = String::from_utf8_lossy(&applied.stderr);
            return Err(format!("{} applies no more: {complaint}", breakage.name).into());
        }
        Ok(())
    }

    fn try_out(&self) -> Result<Trial, Failure> {
        let built = self
            .cargo("build")
            .args(["-p", "cluster-leader-sim", "--bin", "sim", "--bin", "explore"])
            .args(["-p", "cluster-leader-election", "--test", "tests"])
            .output()?;
        if !built.status.success() {
            return Err(format!("does not build: {}", String::from_utf8_lossy(&built.stderr)).into());
        }
        let [simulation, exploration, stories] = thread::scope(|scope| {
            let simulation = scope.spawn(|| self.world("sim", &["--steps", STEPS, "--seed", SEED]));
            let exploration = scope.spawn(|| self.world("explore", &[]));
            let stories = scope.spawn(|| self.stories());
            [simulation, exploration, stories]
                .map(|program| program.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
        });
        Ok(Trial {
            simulation: Catch::read("sim", &simulation?)?,
            exploration: Catch::read("explore", &exploration?)?,
            stories: failed_stories(&stories?)?,
        })
    }

    fn cargo(&self, what: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg(what).args(["--quiet", "--locked", "--profile", "mutants"]);
        for setting in PROFILE {
            cargo.args(["--config", setting]);
        }
        cargo.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.build).env("RUST_BACKTRACE", "0");
        cargo
    }

    fn world(&self, program: &str, arguments: &[&str]) -> io::Result<Output> {
        Command::new("timeout")
            .arg(PATIENCE)
            .arg(self.build.join("mutants").join(program))
            .args(arguments)
            .output()
    }

    fn stories(&self) -> io::Result<Output> {
        self.cargo("test")
            .args(["-p", "cluster-leader-election", "--test", "tests", "--", "--skip", "properties::"])
            .output()
    }
}

fn failed_stories(output: &Output) -> Result<usize, Failure> {
    let said = String::from_utf8_lossy(&output.stdout);
    let result = said.lines().find_map(|line| line.strip_prefix("test result: "));
    let failed = result.and_then(|result| result.split("; ").find_map(|part| part.strip_suffix(" failed")));
    match failed {
        Some(failed) => Ok(failed.parse()?),
        None => Err(format!("the stories did not run: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

// ---- results -----------------------------------------------------------------------------------

const HEAD: &str = "\
| breakage | breaks | caught by the simulation | by the exploration | stories that fail |
|---|---|---|---|---|";

fn write_results(rows: &[String]) -> Result<(), Failure> {
    let mut text = format!(
        "# Breakages, and what catches them\n\n\
         Each is a patch in `crates/sim/mutants`. `cargo run -p cluster-leader-sim --bin mutants` makes this\n\
         table: simulation from seed {SEED}, {STEPS} steps at most; exploration of the smallest worlds.\n\n\
         {HEAD}\n"
    );
    for row in rows {
        writeln!(text, "{row}")?;
    }
    let results = root().join("bench/results");
    fs::create_dir_all(&results)?;
    Ok(fs::write(results.join("mutants.md"), text)?)
}

/// The workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
