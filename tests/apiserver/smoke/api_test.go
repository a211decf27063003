package smoke

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// TestAPI checks what the server answers, all on one server.
func TestAPI(t *testing.T) {
	server := startServer(t, t.TempDir())
	for name, test := range map[string]func(*testing.T, *process){
		"version":                           testVersion,
		"namespace default exists":          testDefaultNamespace,
		"update is guarded by version":      testUpdateIsGuarded,
		"watch of one name":                 testWatchOfOneName,
		"service account needs a role":      testServiceAccountNeedsRole,
		"token dies with its pod":           testTokenDiesWithItsPod,
		"unknown token is refused":          testUnknownTokenIsRefused,
		"audit has one line per request":    testAuditHasOneLinePerRequest,
		"missing namespace is not invented": testMissingNamespace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

func testVersion(t *testing.T, server *process) {
	version, err := server.admin(t).Discovery().ServerVersion()
	must(t, err)
	if version.GitVersion != "v1.36.3" {
		t.Errorf("version is %s", version.GitVersion)
	}
}

func testDefaultNamespace(t *testing.T, server *process) {
	_, err := server.admin(t).CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{})
	must(t, err)
}

func testUpdateIsGuarded(t *testing.T, server *process) {
	ctx, admin := t.Context(), server.admin(t)
	leases := admin.CoordinationV1().Leases(newNamespace(ctx, t, admin, "guarded"))
	created, err := leases.Create(ctx, leaseNamed("election"), metav1.CreateOptions{})
	must(t, err)
	got, err := leases.Get(ctx, "election", metav1.GetOptions{})
	must(t, err)
	if got.ResourceVersion != created.ResourceVersion {
		t.Errorf("version %s after creating version %s", got.ResourceVersion, created.ResourceVersion)
	}

	first, second := got.DeepCopy(), got.DeepCopy()
	first.Spec.HolderIdentity, second.Spec.HolderIdentity = new("first"), new("second")
	updated, err := leases.Update(ctx, first, metav1.UpdateOptions{})
	must(t, err)
	if updated.ResourceVersion == created.ResourceVersion {
		t.Errorf("an update kept version %s", created.ResourceVersion)
	}
	if _, err := leases.Update(ctx, second, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("update of a stale version: %v, want conflict", err)
	}
	if _, err := leases.Create(ctx, leaseNamed("election"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("second create: %v, want already exists", err)
	}
}

func testWatchOfOneName(t *testing.T, server *process) {
	ctx, admin := t.Context(), server.admin(t)
	leases := admin.CoordinationV1().Leases(newNamespace(ctx, t, admin, "watched"))
	events := watchLease(ctx, t, admin, "watched", "election")
	_, err := leases.Create(ctx, leaseNamed("another"), metav1.CreateOptions{})
	must(t, err)
	lease, err := leases.Create(ctx, leaseNamed("election"), metav1.CreateOptions{})
	must(t, err)
	expectEvent(t, events, watch.Added, lease)

	lease.Spec.HolderIdentity = new("holder")
	lease, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	must(t, err)
	expectEvent(t, events, watch.Modified, lease)
}

func testServiceAccountNeedsRole(t *testing.T, server *process) {
	ctx, admin := t.Context(), server.admin(t)
	namespace := newNamespace(ctx, t, admin, "roles")
	client := server.withToken(t, newServiceAccountToken(ctx, t, admin, namespace, "elector"))
	get := func() error {
		_, err := client.CoordinationV1().Leases(namespace).Get(ctx, "election", metav1.GetOptions{})
		return err
	}
	if err := get(); !apierrors.IsForbidden(err) {
		t.Fatalf("get without a role: %v, want forbidden", err)
	}

	created, err := admin.CoordinationV1().Leases(namespace).Create(ctx, leaseNamed("election"), metav1.CreateOptions{})
	must(t, err)
	grant(ctx, t, admin, namespace, "elector", rbacv1.PolicyRule{
		APIGroups:     []string{coordinationv1.GroupName},
		Resources:     []string{"leases"},
		ResourceNames: []string{"election"},
		Verbs:         []string{"get", "watch"},
	})
	eventually(t, "get with a role", get)
	expectEvent(t, watchLease(ctx, t, client, namespace, "election"), watch.Added, created)

	_, err = client.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("list with a role for one name: %v, want forbidden", err)
	}
}

func testTokenDiesWithItsPod(t *testing.T, server *process) {
	ctx, admin := t.Context(), server.admin(t)
	namespace := newNamespace(ctx, t, admin, "bound")
	newServiceAccount(ctx, t, admin, namespace, "elector")
	pod, err := admin.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "replica-0"},
		Spec: corev1.PodSpec{
			ServiceAccountName: "elector",
			Containers:         []corev1.Container{{Name: "main", Image: "none"}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	client := server.withToken(t, requestToken(ctx, t, admin, namespace, "elector", &authenticationv1.BoundObjectReference{
		APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID,
	}))
	// Any answer but 401 shows who asks: this account has no role.
	get := func() error {
		_, err := client.CoordinationV1().Leases(namespace).Get(ctx, "election", metav1.GetOptions{})
		return err
	}
	if err := get(); !apierrors.IsForbidden(err) {
		t.Fatalf("get with a bound token: %v, want forbidden", err)
	}

	must(t, admin.CoreV1().Pods(namespace).Delete(ctx, pod.Name, *metav1.NewDeleteOptions(0)))
	eventually(t, "the token is refused", func() error {
		if err := get(); !apierrors.IsUnauthorized(err) {
			return fmt.Errorf("get is %w", err)
		}
		return nil
	})
}

func testUnknownTokenIsRefused(t *testing.T, server *process) {
	client := server.withToken(t, "unknown")
	_, err := client.CoordinationV1().Leases("default").Get(t.Context(), "election", metav1.GetOptions{})
	if !apierrors.IsUnauthorized(err) {
		t.Errorf("get: %v, want unauthorized", err)
	}
}

func testMissingNamespace(t *testing.T, server *process) {
	_, err := server.admin(t).CoordinationV1().Leases("missing").Create(t.Context(), leaseNamed("election"), metav1.CreateOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("create: %v, want not found", err)
	}
}

func testAuditHasOneLinePerRequest(t *testing.T, server *process) {
	ctx, admin := t.Context(), server.admin(t)
	namespace := newNamespace(ctx, t, admin, "audited")
	client := server.withToken(t, newServiceAccountToken(ctx, t, admin, namespace, "elector"))
	grant(ctx, t, admin, namespace, "elector", rbacv1.PolicyRule{
		APIGroups: []string{coordinationv1.GroupName}, Resources: []string{"leases"}, Verbs: []string{"*"},
	})
	leases := client.CoordinationV1().Leases(namespace)
	lists := 0
	eventually(t, "the role works", func() error {
		lists++
		_, err := leases.List(ctx, metav1.ListOptions{})
		return err
	})
	lease, err := leases.Create(ctx, leaseNamed("election"), metav1.CreateOptions{})
	must(t, err)
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	must(t, err)
	watching, stop := context.WithCancel(ctx)
	<-watchLease(watching, t, client, namespace, "election")
	stop()
	must(t, leases.Delete(ctx, "election", metav1.DeleteOptions{}))

	want := map[string]int{"list": lists, "create": 1, "update": 1, "watch": 1, "delete": 1}
	// The line of a request may come after its answer.
	eventually(t, "the audit log holds all requests", func() error {
		got := auditedVerbs(t, server.AuditLog, "system:serviceaccount:audited:elector")
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return nil
	})
}

// auditedVerbs counts the requests of a user.
func auditedVerbs(t *testing.T, path, user string) map[string]int {
	t.Helper()
	verbs := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(read(t, path)))
	for lines.Scan() {
		var event struct {
			Level string `json:"level"`
			Verb  string `json:"verb"`
			User  struct {
				Username string `json:"username"`
			} `json:"user"`
		}
		must(t, json.Unmarshal(lines.Bytes(), &event))
		if event.User.Username == user {
			verbs[event.Verb]++
		}
	}
	must(t, lines.Err())
	return verbs
}

func newNamespace(ctx context.Context, t *testing.T, admin kubernetes.Interface, name string) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := admin.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	must(t, err)
	return name
}

func leaseNamed(name string) *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// watchLease watches one Lease until ctx is done.
func watchLease(ctx context.Context, t *testing.T, client kubernetes.Interface, namespace, name string) <-chan watch.Event {
	t.Helper()
	watcher, err := client.CoordinationV1().Leases(namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String(),
	})
	must(t, err)
	t.Cleanup(watcher.Stop)
	return watcher.ResultChan()
}

func expectEvent(t *testing.T, events <-chan watch.Event, kind watch.EventType, want *coordinationv1.Lease) {
	t.Helper()
	select {
	case event := <-events:
		got, ok := event.Object.(*coordinationv1.Lease)
		if !ok || event.Type != kind || got.Name != want.Name || got.ResourceVersion != want.ResourceVersion {
			t.Fatalf("event %s %v, want %s of %s at version %s", event.Type, event.Object, kind, want.Name, want.ResourceVersion)
		}
	case <-time.After(patience):
		t.Fatalf("no event, want %s of %s", kind, want.Name)
	}
}

func newServiceAccount(ctx context.Context, t *testing.T, admin kubernetes.Interface, namespace, name string) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := admin.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
	must(t, err)
}

func newServiceAccountToken(ctx context.Context, t *testing.T, admin kubernetes.Interface, namespace, name string) string {
	t.Helper()
	newServiceAccount(ctx, t, admin, namespace, name)
	return requestToken(ctx, t, admin, namespace, name, nil)
}

func requestToken(ctx context.Context, t *testing.T, admin kubernetes.Interface, namespace, name string, bound *authenticationv1.BoundObjectReference) string {
	t.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: bound}}
	answer, err := admin.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	must(t, err)
	return answer.Status.Token
}

// grant gives a service account one rule in its namespace.
func grant(ctx context.Context, t *testing.T, admin kubernetes.Interface, namespace, account string, rule rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: account}
	_, err := admin.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{})
	must(t, err)
	_, err = admin.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
	}, metav1.CreateOptions{})
	must(t, err)
}
