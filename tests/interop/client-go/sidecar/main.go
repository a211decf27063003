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
	"sync/atomic"

	"clusterleader.io/tests/interop/client-go/elector"
	"k8s.io/client-go/tools/leaderelection"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		os.Exit(1)
	}
}

func run() error {
	client, err := elector.Client()
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
			if asked := current.Load(); asked != nil {
				leader = asked.GetLeader()
			}
			response.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(response).Encode(map[string]string{"name": leader})
		}))
	}()
	callbacks := leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) {}, OnStoppedLeading: func() {}}
	for {
		next, err := elector.New(client, os.Getenv("HOSTNAME"), false, callbacks)
		if err != nil {
			return err
		}
		current.Store(next)
		next.Run(context.Background()) // Until leadership is lost.
		select {
		case err := <-served:
			return err
		default:
		}
	}
}
