package main

import "golang.org/x/sys/unix"

// resumeOnParentExit keeps a server that a test has stopped with SIGSTOP from
// staying behind: it cannot notice its parent's death before it is continued.
func resumeOnParentExit() error {
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0, 0, 0)
}
