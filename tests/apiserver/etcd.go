package main

import (
	"context"
	"fmt"
	"net/url"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdServer is the API server's store: one member, in this process.
type etcdServer struct {
	*embed.Etcd
}

// startEtcd returns when etcd serves, or when ctx is done.
func startEtcd(ctx context.Context, dir string) (*etcdServer, error) {
	cfg := embed.NewConfig()
	cfg.Name = "apiserver"
	cfg.Dir = dir
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.ListenPeerUrls = nil // the only member
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = anyPort, anyPort
	cfg.EnableGRPCGateway = false
	// The page cache outlives a killed process; only the machine's crash loses writes.
	cfg.UnsafeNoFsync = true
	// The only member elects itself after this time at every start.
	cfg.TickMs, cfg.ElectionMs = 20, 200
	// Zero, the library's default, would log every request as a slow one.
	cfg.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	cfg.LogLevel = "warn"
	cfg.LogOutputs = []string{"stderr"}

	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case <-ctx.Done():
	case err := <-etcd.Err():
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	return &etcdServer{etcd}, nil
}

func (e *etcdServer) endpoint() string { return "http://" + e.Clients[0].Addr().String() }

// stop ends the server without waiting for its clients, as Close would for
// seconds: they live in this process and are done.
func (e *etcdServer) stop() { e.Server.Stop() }
