package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dataDir is the directory that holds everything a server keeps over restarts.
// One server at a time owns it.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir creates the directory if it is absent and takes ownership of it.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	dir := &dataDir{path: path}
	// etcd would wait for its own lock for ever, deaf to signals.
	if dir.lock, err = os.OpenFile(dir.file("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	err = syscall.Flock(int(dir.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("data directory %s is in use by another server", path)
	} else if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w", path, err)
	}
	// What an earlier server announced is not true before we are ready.
	if err := os.Remove(dir.announcement()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return dir, nil
}

func (d *dataDir) unlock() { d.lock.Close() }

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

func (d *dataDir) announcement() string { return d.file("server.json") }
func (d *dataDir) kubeconfig() string   { return d.file("kubeconfig") }
func (d *dataDir) auditLog() string     { return d.file("audit.log") }
func (d *dataDir) auditPolicy() string  { return d.file("audit-policy.json") }
func (d *dataDir) credentials() string  { return d.file("credentials") }
func (d *dataDir) log() string          { return d.file("apiserver.log") }
func (d *dataDir) etcd() string         { return d.file("etcd") }

// listen opens the given port on loopback. Port 0 stands for the one of the
// last start or, on the first, for a free one.
func (d *dataDir) listen(port int) (net.Listener, error) {
	remembered := d.file("port")
	if port == 0 {
		text, err := os.ReadFile(remembered)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			if port, err = strconv.Atoi(string(text)); err != nil {
				return nil, fmt.Errorf("%s does not hold a port: %w", remembered, err)
			}
		}
	}
	listener, err := listenLoopback(port)
	if err != nil {
		return nil, err
	}
	port = listener.Addr().(*net.TCPAddr).Port
	return listener, writeFileAtomic(remembered, []byte(strconv.Itoa(port)))
}

func listenLoopback(port int) (net.Listener, error) {
	if port == 0 {
		return listenFreePort()
	}
	return net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// listenFreePort prefers ports that the kernel never gives to outgoing
// connections: while the server is down its own clients, retrying, could
// otherwise be given its port, and it could not come back.
func listenFreePort() (net.Listener, error) {
	const lowest, attempts = 20000, 50
	if end := firstEphemeralPort(); end > lowest {
		for range attempts {
			if listener, err := listenLoopback(lowest + rand.IntN(end-lowest)); err == nil {
				return listener, nil
			}
		}
	}
	return net.Listen("tcp4", "127.0.0.1:0")
}

func firstEphemeralPort() int {
	const common = 32768
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return common
	}
	var first int
	if _, err := fmt.Fscan(strings.NewReader(string(text)), &first); err != nil {
		return common
	}
	return first
}

// writeFileAtomic lets no reader see half a file, nor a crash leave one.
func writeFileAtomic(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
