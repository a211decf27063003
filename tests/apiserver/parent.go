package main

import (
	"fmt"
	"os"
	"time"
)

// onParentExit calls exit soon after the process that started this one ends.
//
// It compares process ids, as the kernel's own death signal comes when the
// parent's *thread* ends, which test runners start one of per test.
func onParentExit(exit func()) error {
	parent := os.Getppid()
	if err := resumeOnParentExit(); err != nil {
		return fmt.Errorf("ask for a signal at the parent's death: %w", err)
	}
	go func() {
		for os.Getppid() == parent {
			time.Sleep(100 * time.Millisecond)
		}
		exit()
	}()
	return nil
}
