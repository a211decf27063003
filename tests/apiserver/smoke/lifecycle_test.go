package smoke

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTerminateWithOpenWatch(t *testing.T) {
	server := startServer(t, t.TempDir())
	events := watchLease(t.Context(), t, server.admin(t), "default", "election")

	start := time.Now()
	server.signal(t, syscall.SIGTERM)
	server.awaitExit(t)
	t.Logf("exit after %v", time.Since(start))
	if code := server.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d: %s", code, read(t, server.stderr))
	}
	if elapsed := time.Since(start); elapsed > 20*time.Second {
		t.Errorf("the exit took %v", elapsed)
	}
	if event, open := <-events; open {
		t.Errorf("event at the end of the watch: %v", event)
	}
	if lines := bytes.Count(read(t, server.stdout), []byte("\n")); lines != 1 {
		t.Errorf("%d lines on stdout, want 1", lines)
	}
	if stderr := read(t, server.stderr); len(stderr) > 0 {
		t.Errorf("stderr: %s", stderr)
	}
}

// TestInterruptedFirstStart cuts short the moments in which etcd sets itself up.
func TestInterruptedFirstStart(t *testing.T) {
	for _, delay := range []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			dir := t.TempDir()
			server := launch(t, binary, "--data-dir", dir)
			eventually(t, "etcd has a file", func() error {
				_, err := os.Stat(filepath.Join(dir, "etcd", "member", "snap", "db"))
				return err
			})
			time.Sleep(delay)
			server.signal(t, syscall.SIGTERM)
			server.awaitExit(t)
			if code := server.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit status %d: %s", code, read(t, server.stderr))
			}
			startServer(t, dir)
		})
	}
}

func TestKillAndRestart(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	before := startServer(t, dir)
	admin := before.admin(t)
	token := newServiceAccountToken(ctx, t, admin, "default", "elector")

	const enough = 50
	acknowledged := make(chan int)
	go func() {
		defer close(acknowledged)
		for n := 0; ; n++ {
			_, err := admin.CoordinationV1().Leases("default").Create(ctx, leaseNamed(fmt.Sprint("lease-", n)), metav1.CreateOptions{})
			if err != nil {
				return
			}
			acknowledged <- n
		}
	}()
	var kept int
	for kept = range acknowledged {
		if kept == enough {
			before.signal(t, syscall.SIGKILL)
		}
	}
	if kept < enough {
		t.Fatalf("writes failed after %d", kept)
	}
	before.awaitExit(t)

	after := startServer(t, dir)
	if after.URL != before.URL {
		t.Errorf("%s after the restart, %s before", after.URL, before.URL)
	}
	// The old clients are still good: same port, CA and tokens.
	for n := range kept + 1 {
		_, err := admin.CoordinationV1().Leases("default").Get(ctx, fmt.Sprint("lease-", n), metav1.GetOptions{})
		must(t, err)
	}
	_, err := before.withToken(t, token).CoordinationV1().Leases("default").List(ctx, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("list with the old service account token: %v, want forbidden", err)
	}
}

func TestStopAndContinue(t *testing.T) {
	ctx := t.Context()
	server := startServer(t, t.TempDir())
	leases := server.admin(t).CoordinationV1().Leases("default")
	lease, err := leases.Create(ctx, leaseNamed("election"), metav1.CreateOptions{})
	must(t, err)

	server.signal(t, syscall.SIGSTOP)
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := leases.Get(short, "election", metav1.GetOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get from a stopped server: %v, want a timeout", err)
	}
	server.signal(t, syscall.SIGCONT)

	eventually(t, "update after the stop", func() error {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := leases.Update(short, lease, metav1.UpdateOptions{})
		return err
	})
}

func TestSecondServerOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	startServer(t, dir)
	expectFatal(t, "in use by another server", "--data-dir", dir)
}

func TestFatalErrors(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)

	expectFatal(t, "--data-dir is required")
	expectFatal(t, "flag provided but not defined", "--unknown")
	expectFatal(t, "unexpected argument", "--data-dir", t.TempDir(), "extra")
	expectFatal(t, "not a port", "--data-dir", t.TempDir(), "--port", "70000")
	expectFatal(t, "address already in use", "--data-dir", t.TempDir(), "--port", port)
}

// expectFatal wants one line on stderr, nothing on stdout and a failure.
func expectFatal(t *testing.T, message string, args ...string) {
	t.Helper()
	p := launch(t, binary, args...)
	p.awaitExit(t)
	if p.cmd.ProcessState.Success() {
		t.Errorf("%v: success", args)
	}
	stderr := string(read(t, p.stderr))
	if !strings.Contains(stderr, message) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%v: stderr is %q, want one line with %q", args, stderr, message)
	}
	if stdout := read(t, p.stdout); len(stdout) > 0 {
		t.Errorf("%v: stdout is %q", args, stdout)
	}
}

func TestExitWithParent(t *testing.T) {
	for name, state := range map[string]syscall.Signal{
		"running": syscall.SIGCONT,
		"stopped": syscall.SIGSTOP,
	} {
		t.Run(name, func(t *testing.T) {
			parent := launch(t, "sh", "-c", `"$@" & wait`, "sh", binary, "--data-dir", t.TempDir(), "--exit-with-parent")
			parent.awaitReady(t)
			must(t, syscall.Kill(parent.PID, state))
			parent.signal(t, syscall.SIGKILL)
			eventually(t, "the port is closed", func() error {
				conn, err := net.Dial("tcp4", net.JoinHostPort(parent.Host, strconv.Itoa(parent.Port)))
				if err != nil {
					return nil
				}
				conn.Close()
				return errors.New("it is open")
			})
		})
	}
}
