package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// credentials are made once per data directory, so that clients configured
// before a restart of the server work after it.
type credentials struct {
	dir        string
	ca         []byte
	adminToken string
}

func (c *credentials) caFile() string            { return filepath.Join(c.dir, "ca.crt") }
func (c *credentials) servingCertFile() string   { return filepath.Join(c.dir, "serving.crt") }
func (c *credentials) servingKeyFile() string    { return filepath.Join(c.dir, "serving.key") }
func (c *credentials) serviceAccountKey() string { return filepath.Join(c.dir, "service-account.key") }
func (c *credentials) adminTokenFile() string    { return filepath.Join(c.dir, "admin.token") }
func (c *credentials) userTokensFile() string    { return filepath.Join(c.dir, "user-tokens.csv") }

// loadCredentials reads those in dir, and makes them first if there is no dir.
func loadCredentials(dir string) (*credentials, error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := generateCredentials(dir); err != nil {
			return nil, fmt.Errorf("make credentials: %w", err)
		}
	}
	creds := &credentials{dir: dir}
	var err error
	if creds.ca, err = os.ReadFile(creds.caFile()); err != nil {
		return nil, err
	}
	token, err := os.ReadFile(creds.adminTokenFile())
	if err != nil {
		return nil, err
	}
	creds.adminToken = string(token)
	return creds, nil
}

// generateCredentials makes dir appear with all of its files or not at all.
func generateCredentials(dir string) error {
	caCert, servingCert, servingKey, err := generateServingCert()
	if err != nil {
		return err
	}
	serviceAccountKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serviceAccountPEM, err := encodeKey(serviceAccountKey)
	if err != nil {
		return err
	}
	adminToken := rand.Text()

	tmp := &credentials{dir: dir + ".tmp"}
	if err := os.RemoveAll(tmp.dir); err != nil {
		return err
	}
	if err := os.Mkdir(tmp.dir, 0o700); err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		tmp.caFile():            caCert,
		tmp.servingCertFile():   servingCert,
		tmp.servingKeyFile():    servingKey,
		tmp.serviceAccountKey(): serviceAccountPEM,
		tmp.adminTokenFile():    []byte(adminToken),
		tmp.userTokensFile():    []byte(adminToken + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return os.Rename(tmp.dir, dir)
}

// generateServingCert returns, in PEM, a new CA and a certificate signed by
// it with its key. The CA's own key is forgotten: nothing else needs signing.
func generateServingCert() (ca, cert, key []byte, err error) {
	// Wide enough for clients whose clock a test has moved by years.
	now := time.Now()
	notBefore, notAfter := now.AddDate(-10, 0, 0), now.AddDate(10, 0, 0)

	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	caTemplate := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "apiserver test CA"},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, caTemplate, caTemplate, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}

	servingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, caTemplate, servingKey.Public(), caKey)
	if err != nil {
		return nil, nil, nil, err
	}
	key, err = encodeKey(servingKey)
	return encodeCert(caDER), encodeCert(der), key, err
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// encodeKey uses SEC1, the one encoding of EC keys that kube-apiserver takes
// for signing tokens.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
