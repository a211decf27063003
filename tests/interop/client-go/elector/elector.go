// Package elector sets client-go up by the environment, as its own example does.
package elector

import (
	"fmt"
	"os"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Client asks the API server of the cluster that this pod runs in.
func Client() (coordinationv1.LeasesGetter, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	return coordinationv1.NewForConfig(config)
}

// New is an elector for the Lease ELECTION_NAME in ELECTION_NAMESPACE, by the timings LEASE_DURATION_MS,
// RENEW_DEADLINE_MS and RETRY_PERIOD_MS.
func New(
	client coordinationv1.LeasesGetter, identity string, releases bool, callbacks leaderelection.LeaderCallbacks,
) (*leaderelection.LeaderElector, error) {
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
		ReleaseOnCancel: releases,
		LeaseDuration:   timing[0],
		RenewDeadline:   timing[1],
		RetryPeriod:     timing[2],
		Callbacks:       callbacks,
	})
}
