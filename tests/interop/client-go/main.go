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
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
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

	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return err
	}

	// The elector that is asked. There is always one: they are made ahead of their turn.
	var current atomic.Pointer[leaderelection.LeaderElector]
	next := func(number int) error {
		identity := os.Getenv("ELECTION_IDENTITY") + "_" + strconv.Itoa(number)
		elector, err := newElector(client, identity)
		if err == nil {
			current.Store(elector)
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

func newElector(client coordinationv1.LeasesGetter, identity string) (*leaderelection.LeaderElector, error) {
	name, namespace := os.Getenv("ELECTION_NAME"), os.Getenv("ELECTION_NAMESPACE")
	if name == "" || namespace == "" {
		return nil, fmt.Errorf("ELECTION_NAME and ELECTION_NAMESPACE must be set")
	}
	var timing [3]time.Duration
	for i, variable := range []string{"LEASE_DURATION_MS", "RENEW_DEADLINE_MS", "RETRY_PERIOD_MS"} {
		millis, err := strconv.Atoi(os.Getenv(variable))
		if err != nil {
			return nil, fmt.Errorf("%s must be a number of milliseconds: %w", variable, err)
		}
		timing[i] = time.Duration(millis) * time.Millisecond
	}
	return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: name, Namespace: namespace},
			Client:     client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   timing[0],
		RenewDeadline:   timing[1],
		RetryPeriod:     timing[2],
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { klog.Infof("started leading as %s", identity) },
			OnStoppedLeading: func() { klog.Infof("stopped leading as %s", identity) },
			OnNewLeader:      func(holder string) { klog.Infof("held by %q", holder) },
		},
	})
}
