// Package smoke checks the promises of the apiserver program from outside. It
// runs the built binary instead of linking kube-apiserver a second time.
package smoke

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience bounds every wait for something that must happen. It is far above
// what an idle machine needs, as tests run on busy ones.
const patience = 2 * time.Minute

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	if err := findBinary(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func findBinary() error {
	if binary = os.Getenv("APISERVER_BINARY"); binary != "" {
		return nil
	}
	build := exec.Command("../build.sh")
	build.Stderr = os.Stderr
	out, err := build.Output()
	if err != nil {
		return fmt.Errorf("build.sh: %w", err)
	}
	binary = strings.TrimSpace(string(out))
	return nil
}

// info is the line that the server prints when it is ready.
type info struct {
	URL            string `json:"url"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	CAFile         string `json:"ca_file"`
	AdminTokenFile string `json:"admin_token_file"`
	Kubeconfig     string `json:"kubeconfig"`
	AuditLog       string `json:"audit_log"`
	PID            int    `json:"pid"`
}

// process is a started program; info is set once it is ready.
type process struct {
	info
	cmd    *exec.Cmd
	exited chan struct{}
	stdout string
	stderr string
}

// launch starts a command with its output in files, and kills it at the test's end.
func launch(t *testing.T, name string, args ...string) *process {
	t.Helper()
	out := t.TempDir()
	p := &process{
		cmd:    exec.Command(name, args...),
		exited: make(chan struct{}),
		stdout: filepath.Join(out, "stdout"),
		stderr: filepath.Join(out, "stderr"),
	}
	stdout, err := os.Create(p.stdout)
	must(t, err)
	defer stdout.Close()
	stderr, err := os.Create(p.stderr)
	must(t, err)
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	must(t, p.cmd.Start())
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.exited
	})
	return p
}

// awaitReady reads the line that the server prints when it is ready.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the server is ready", func() error {
		out := read(t, p.stdout)
		if !bytes.HasSuffix(out, []byte("\n")) {
			if p.hasExited() {
				t.Fatalf("the server exited while starting: %s", read(t, p.stderr))
			}
			return fmt.Errorf("stdout is %q", out)
		}
		return json.Unmarshal(out, &p.info)
	})
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) awaitExit(t *testing.T) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("pid %d did not exit", p.cmd.Process.Pid)
	}
}

func (p *process) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	must(t, p.cmd.Process.Signal(signal))
}

// startServer runs a server on dir until the test ends.
func startServer(t *testing.T, dir string) *process {
	t.Helper()
	p := launch(t, binary, "--data-dir", dir, "--exit-with-parent")
	p.awaitReady(t)
	return p
}

// admin is a client that may do everything, configured as kubectl would be.
func (i info) admin(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", i.Kubeconfig)
	must(t, err)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	return client
}

// withToken is a client as a pod would have it.
func (i info) withToken(t *testing.T, token string) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:            i.URL,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: i.CAFile},
		QPS:             -1,
	})
	must(t, err)
	return client
}

// eventually polls check until it returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not after %v: %s: %v", patience, what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return content
}
