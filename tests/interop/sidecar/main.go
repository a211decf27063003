// The leader-elector container that used to stand beside each pod: it elects with client-go, and answers
// {"name":"the leader's host name"} over HTTP on localhost.
//
// It says "listening http://localhost:PORT" when it is ready. As that container did, it goes without a word when it is
// told to: what its leader held is free when the lease has run out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		os.Exit(1)
	}
}

func run() error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening http://localhost:%d\n", listener.Addr().(*net.TCPAddr).Port)

	var current atomic.Pointer[leaderelection.LeaderElector]
	served := make(chan error, 1)
	go func() {
		served <- http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
			leader := ""
			if elector := current.Load(); elector != nil {
				leader = elector.GetLeader()
			}
			response.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(response).Encode(map[string]string{"name": leader})
		}))
	}()
	for {
		elector, err := newElector(client)
		if err != nil {
			return err
		}
		current.Store(elector)
		elector.Run(context.Background()) // Until leadership is lost.
		select {
		case err := <-served:
			return err
		default:
		}
	}
}

func newElector(client coordinationv1.LeasesGetter) (*leaderelection.LeaderElector, error) {
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
			LeaseMeta:  metav1.ObjectMeta{Name: os.Getenv("ELECTION_NAME"), Namespace: os.Getenv("ELECTION_NAMESPACE")},
			Client:     client,
			LockConfig: resourcelock.ResourceLockConfig{Identity: os.Getenv("HOSTNAME")},
		},
		LeaseDuration: timing[0],
		RenewDeadline: timing[1],
		RetryPeriod:   timing[2],
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {},
			OnStoppedLeading: func() {},
		},
	})
}
