package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// startTimeout is far above the usual two seconds: tests start servers on
// machines that are busy with other things.
const startTimeout = 3 * time.Minute

// serverInfo is what a test needs to know of a server: the line on stdout.
type serverInfo struct {
	URL            string `json:"url"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	CAFile         string `json:"ca_file"`
	AdminTokenFile string `json:"admin_token_file"`
	Kubeconfig     string `json:"kubeconfig"`
	AuditLog       string `json:"audit_log"`
	PID            int    `json:"pid"`
}

func newServerInfo(dir *dataDir, creds *credentials, addr *net.TCPAddr) serverInfo {
	return serverInfo{
		URL:            "https://" + addr.String(),
		Host:           addr.IP.String(),
		Port:           addr.Port,
		CAFile:         creds.caFile(),
		AdminTokenFile: creds.adminTokenFile(),
		Kubeconfig:     dir.kubeconfig(),
		AuditLog:       dir.auditLog(),
		PID:            os.Getpid(),
	}
}

// announce writes the kubeconfig and the announcement, then prints the latter.
func (s serverInfo) announce(dir *dataDir, creds *credentials, stdout io.Writer) error {
	if err := s.writeKubeconfig(creds); err != nil {
		return err
	}
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if err := writeFileAtomic(dir.announcement(), line); err != nil {
		return err
	}
	_, err = stdout.Write(line)
	return err
}

func (s serverInfo) writeKubeconfig(creds *credentials) error {
	const name = "apiserver"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: s.URL, CertificateAuthorityData: creds.ca}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: creds.adminToken}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: "admin", Namespace: metav1.NamespaceDefault}
	config.CurrentContext = name
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFileAtomic(s.Kubeconfig, content)
}

// waitReady returns once the server treats requests as it will from then on.
func (s serverInfo) waitReady(ctx context.Context, creds *credentials, stopped <-chan error) error {
	config := &rest.Config{
		Host:            s.URL,
		BearerToken:     creds.adminToken,
		TLSClientConfig: rest.TLSClientConfig{CAData: creds.ca},
		QPS:             -1,
	}
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	config.Impersonate = rest.ImpersonationConfig{UserName: "readiness-probe"}
	user, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}

	var last error
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-stopped:
			return false, fmt.Errorf("it ended while starting: %w", err)
		default:
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		last = checkReady(ctx, admin, user)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w (last answer: %v)", err, last)
	}
	return nil
}

func checkReady(ctx context.Context, admin, user kubernetes.Interface) error {
	if _, err := admin.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err != nil {
		return err
	}
	if _, err := admin.CoreV1().Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{}); err != nil {
		return err
	}
	// The authorizer reads RBAC objects from a cache that /readyz knows nothing of.
	if _, err := user.Discovery().RESTClient().Get().AbsPath("/api").DoRaw(ctx); err != nil {
		return fmt.Errorf("user with the default roles: %w", err)
	}
	_, err := user.CoordinationV1().Leases(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		return fmt.Errorf("user without a role lists Leases: %w, want forbidden", err)
	}
	return nil
}
