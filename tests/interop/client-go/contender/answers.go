package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Two answers further apart are not of one run: the process was paused between them.
	pause = 20 * time.Millisecond
	// A run is written when it is this old, so that a SIGKILL loses little.
	longest = 200 * time.Millisecond
)

// An answer, and CLOCK_BOOTTIME before and after it.
type answer struct {
	before, after time.Duration
	leads         bool
}

// A run of equal answers.
type answers struct {
	first, last answer
	count       int
}

// interval is the time between two questions: about a millisecond, or ANSWERS_INTERVAL_MS.
func interval() time.Duration {
	millis, err := strconv.Atoi(os.Getenv("ANSWERS_INTERVAL_MS"))
	if err != nil {
		return time.Millisecond
	}
	return time.Duration(millis) * time.Millisecond
}

// sayRelease says that leadership is given up now.
func sayRelease() {
	if now, err := boottime(); err == nil {
		fmt.Printf("release %d\n", now)
	}
}

// record asks until the channel is closed, and writes runs of equal answers to standard output:
//
//	answers <first before> <first after> <last before> <last after> yes|no <count>
func record(ended <-chan struct{}, leads func() bool) error {
	out := bufio.NewWriter(os.Stdout)
	interval := interval()
	var run answers
	write := func() error {
		word := "no"
		if run.last.leads {
			word = "yes"
		}
		fmt.Fprintf(out, "answers %d %d %d %d %s %d\n", run.first.before, run.first.after,
			run.last.before, run.last.after, word, run.count)
		return out.Flush()
	}
	for {
		before, err := boottime()
		if err != nil {
			return err
		}
		yes := leads()
		after, err := boottime()
		if err != nil {
			return err
		}
		asked := answer{before, after, yes}
		if run.count > 0 && !run.takes(asked) {
			if err := write(); err != nil {
				return err
			}
			run.count = 0
		}
		if run.count == 0 {
			run.first = asked
		}
		run.last = asked
		run.count++
		select {
		case <-ended:
			return write()
		default:
			time.Sleep(interval)
		}
	}
}

// takes tells whether an answer is of this run. One within which the process was paused is not.
func (run *answers) takes(asked answer) bool {
	return asked.leads == run.last.leads &&
		asked.after-run.last.after <= pause &&
		asked.after-run.first.before < longest
}

func boottime() (time.Duration, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, fmt.Errorf("CLOCK_BOOTTIME cannot be read: %w", err)
	}
	return time.Duration(now.Nano()), nil
}
