package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kubeoptions "k8s.io/kubernetes/pkg/kubeapiserver/options"
	"k8s.io/kubernetes/plugin/pkg/admission/security/podsecurity"
)

// apis are the groups served. Each of the others would cost start time and
// memory, and nothing here would act on its objects.
var apis = []string{
	"v1",
	"apiextensions.k8s.io/v1",
	"apiregistration.k8s.io/v1",
	"apps/v1",
	"authentication.k8s.io/v1",
	"authorization.k8s.io/v1",
	"coordination.k8s.io/v1",
	"discovery.k8s.io/v1",
	"events.k8s.io/v1",
	"networking.k8s.io/v1",
	"rbac.authorization.k8s.io/v1",
	"scheduling.k8s.io/v1",
}

// startKubeAPIServer serves on listener until ctx is done. The channel tells
// when it has ended.
func startKubeAPIServer(ctx context.Context, strict bool, dir *dataDir, creds *credentials, listener net.Listener, etcd string) (<-chan error, error) {
	opts, err := kubeOptions(ctx, strict, dir, creds, listener, etcd)
	if err != nil {
		return nil, fmt.Errorf("configure kube-apiserver: %w", err)
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	stopped := make(chan error, 1)
	go func() { stopped <- app.Run(ctx, opts) }()
	return stopped, nil
}

func kubeOptions(ctx context.Context, strict bool, dir *dataDir, creds *credentials, listener net.Listener, etcd string) (options.CompletedOptions, error) {
	var none options.CompletedOptions
	if err := writeAuditPolicy(dir.auditPolicy()); err != nil {
		return none, err
	}

	opts := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(kubeFlags(strict, dir, creds, etcd)); err != nil {
		return none, err
	}
	opts.SecureServing.Listener = listener
	opts.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port

	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return none, err
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return none, err
	}
	return completed, utilerrors.NewAggregate(completed.Validate())
}

func kubeFlags(strict bool, dir *dataDir, creds *credentials, etcd string) []string {
	served := apis
	if strict {
		served = append(slices.Clone(apis), "flowcontrol.apiserver.k8s.io/v1")
	}
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // endpoints may not point to loopback
		"--service-cluster-ip-range=10.0.0.0/24",
		"--tls-cert-file=" + creds.servingCertFile(),
		"--tls-private-key-file=" + creds.servingKeyFile(),

		"--token-auth-file=" + creds.userTokensFile(),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + creds.serviceAccountKey(),
		"--service-account-key-file=" + creds.serviceAccountKey(),
		"--authorization-mode=RBAC",
		"--disable-admission-plugins=" + strings.Join(unwantedAdmission(strict), ","),

		"--audit-policy-file=" + dir.auditPolicy(),
		"--audit-log-path=" + dir.auditLog(),
		"--audit-log-maxsize=0", // never rotated: readers follow it by offset

		"--runtime-config=api/all=false," + strings.Join(served, "=true,") + "=true",
		// No Leases but the tests' own, no calls between API servers.
		"--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
		// It needs its API, and its queues are not what most tests are about.
		"--enable-priority-and-fairness=" + strconv.FormatBool(strict),
		"--profiling=false",
		// Without it an open watch holds the shutdown for a minute.
		"--shutdown-watch-termination-grace-period=1s",
	}
}

// unwantedAdmission is all but what refuses objects in namespaces that are
// missing or going, and where asked for pods that their namespace does not
// admit. The others wait for APIs that are not served or, as ServiceAccount
// does, for controllers that do not run.
func unwantedAdmission(strict bool) []string {
	return slices.DeleteFunc(slices.Clone(kubeoptions.AllOrderedPlugins), func(name string) bool {
		return name == lifecycle.PluginName || strict && name == podsecurity.PluginName
	})
}

// writeAuditPolicy asks for one line per request: of a watch when it starts,
// of any other request when it is answered.
func writeAuditPolicy(path string) error {
	policy, err := json.Marshal(auditv1.Policy{
		TypeMeta: metav1.TypeMeta{APIVersion: auditv1.SchemeGroupVersion.String(), Kind: "Policy"},
		Rules: []auditv1.PolicyRule{{
			Level:      auditv1.LevelMetadata,
			Verbs:      []string{"watch"},
			OmitStages: []auditv1.Stage{auditv1.StageRequestReceived, auditv1.StageResponseComplete},
		}, {
			Level:      auditv1.LevelMetadata,
			OmitStages: []auditv1.Stage{auditv1.StageRequestReceived},
		}},
	})
	if err != nil {
		return err
	}
	return writeFileAtomic(path, policy)
}
