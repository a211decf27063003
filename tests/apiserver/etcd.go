package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdServer is the API server's store: one member, in this process.
type etcdServer struct {
	*embed.Etcd
}

// startEtcd returns when etcd serves.
func startEtcd(ctx context.Context, dir string) (*etcdServer, error) {
	// etcd cannot resume a first start that was cut short: it would wait for
	// ever for a leader. Nothing is stored before that is over, so start anew.
	started := filepath.Join(dir, "started")
	if _, err := os.Stat(started); errors.Is(err, os.ErrNotExist) {
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}

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
	// As kubeadm sets it: bookmarks of a quiet watch advance with it.
	cfg.WatchProgressNotifyInterval = 5 * time.Second
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
		return &etcdServer{etcd}, os.WriteFile(started, nil, 0o600)
	case err := <-etcd.Err():
		return nil, fmt.Errorf("start etcd: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *etcdServer) endpoint() string { return "http://" + e.Clients[0].Addr().String() }

// stop ends the server without waiting for its clients, as Close would for
// seconds: they live in this process and are done.
func (e *etcdServer) stop() { e.Server.Stop() }
