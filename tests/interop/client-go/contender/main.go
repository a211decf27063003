// A contender that elects with client-go, and says what it answers.
//
// It is set up as client-go's own example is (a LeaseLock, ReleaseOnCancel) and asked what a user of
// client-go asks, LeaderElector.IsLeader, about every millisecond. Where the example's process ends
// because leadership was lost, and a kubelet starts the next, here the next elector begins.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"

	"clusterleader.io/tests/interop/client-go/elector"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/klog/v2"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		os.Exit(1)
	}
}

func run() error {
	stop, release := context.WithCancel(context.Background())
	defer release()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		sayRelease()
		release()
	}()

	client, err := elector.Client()
	if err != nil {
		return err
	}

	// The elector that is asked. There is always one: they are made ahead of their turn.
	var current atomic.Pointer[leaderelection.LeaderElector]
	next := func(number int) error {
		identity := os.Getenv("ELECTION_IDENTITY") + "_" + strconv.Itoa(number)
		made, err := elector.New(client, identity, true, callbacks(identity))
		if err == nil {
			current.Store(made)
		}
		return err
	}
	if err := next(1); err != nil {
		return err
	}

	ended := make(chan struct{})
	recorded := make(chan error, 1)
	go func() { recorded <- record(ended, func() bool { return current.Load().IsLeader() }) }()

	for number := 2; stop.Err() == nil; number++ {
		current.Load().Run(stop)
		if stop.Err() != nil {
			break
		}
		if err := next(number); err != nil {
			return err
		}
	}
	close(ended)
	return <-recorded
}

// callbacks only say what they are told.
func callbacks(identity string) leaderelection.LeaderCallbacks {
	return leaderelection.LeaderCallbacks{
		OnStartedLeading: func(context.Context) { klog.Infof("started leading as %s", identity) },
		OnStoppedLeading: func() { klog.Infof("stopped leading as %s", identity) },
		OnNewLeader:      func(holder string) { klog.Infof("held by %q", holder) },
	}
}
