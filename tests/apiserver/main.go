// Command apiserver runs a real kube-apiserver with an embedded etcd on
// loopback, for end-to-end tests of programs that talk to Kubernetes.
//
// It runs the API server alone: no controllers, no scheduler, no kubelets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

func main() {
	stderr := os.Stderr
	opts, err := parseFlags(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = run(opts, os.Stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "apiserver: %v\n", err)
		os.Exit(1)
	}
}

// commandLine is what the program was asked for.
type commandLine struct {
	dataDir        string
	port           int
	exitWithParent bool
	strict         bool
}

func parseFlags(args []string) (commandLine, error) {
	var opts commandLine
	// Not flag.CommandLine: linked packages register flags of their own there.
	flags := flag.NewFlagSet("apiserver", flag.ContinueOnError)
	flags.StringVar(&opts.dataDir, "data-dir", "", "directory of everything the server keeps; created if absent (required)")
	flags.IntVar(&opts.port, "port", 0, "port on 127.0.0.1; 0 means the one remembered in the data directory, or a free one")
	flags.BoolVar(&opts.exitWithParent, "exit-with-parent", false, "exit when the process that started this one has gone")
	flags.BoolVar(&opts.strict, "strict", false, "serve with PodSecurity admission and with priority and fairness, as clusters do")

	flags.SetOutput(io.Discard) // an error is reported by main, in one line
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(os.Stdout)
		flags.Usage()
		return opts, err
	case err != nil:
		return opts, err
	case flags.NArg() > 0:
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case opts.dataDir == "":
		return opts, errors.New("--data-dir is required")
	case opts.port < 0 || opts.port > 65535:
		return opts, fmt.Errorf("--port %d is not a port number", opts.port)
	}
	return opts, nil
}

// run serves until a signal or, if asked, the parent's death ends it.
func run(opts commandLine, stdout, stderr io.Writer) error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(ctx, cancel) // a second signal kills
	if opts.exitWithParent {
		if err := onParentExit(cancel); err != nil {
			return err
		}
	}

	dir, err := openDataDir(opts.dataDir)
	if err != nil {
		return err
	}
	defer dir.unlock()
	if err := sendLogsTo(dir.log(), stderr); err != nil {
		return err
	}
	creds, err := loadCredentials(dir.credentials())
	if err != nil {
		return err
	}
	listener, err := dir.listen(opts.port)
	if err != nil {
		return err
	}
	err = serve(ctx, opts.strict, dir, creds, listener, stdout)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // asked to end while starting
	}
	return err
}

// serve runs etcd and the API server until ctx is done, and announces them on
// stdout once they are ready.
func serve(ctx context.Context, strict bool, dir *dataDir, creds *credentials, listener net.Listener, stdout io.Writer) error {
	etcd, err := startEtcd(ctx, dir.etcd())
	if err != nil {
		return err
	}
	defer etcd.stop()
	stopped, err := startKubeAPIServer(ctx, strict, dir, creds, listener, etcd.endpoint())
	if err != nil {
		return err
	}

	server := newServerInfo(dir, creds, listener.Addr().(*net.TCPAddr))
	if err := server.waitReady(ctx, creds, stopped); err != nil {
		// Not waiting for stopped: a half started server takes long to stop.
		return fmt.Errorf("kube-apiserver is not ready, see %s: %w", dir.log(), err)
	}
	if err := server.announce(dir, creds, stdout); err != nil {
		return err
	}

	select {
	case err := <-stopped:
		if ctx.Err() == nil {
			return fmt.Errorf("kube-apiserver ended, see %s: %w", dir.log(), err)
		}
		return err
	case err := <-etcd.Err():
		return fmt.Errorf("etcd ended, see %s: %w", dir.log(), err)
	}
}

// sendLogsTo makes a file of what the linked packages log. They write to
// os.Stderr; the runtime does not, so that the trace of a panic stays visible.
func sendLogsTo(path string, stderr io.Writer) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	os.Stderr = file
	klog.OsExit = func(code int) {
		fmt.Fprintf(stderr, "apiserver: kube-apiserver gave up, see %s\n", path)
		os.Exit(code)
	}
	return nil
}
