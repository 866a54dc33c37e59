package platform

import "testing"

// TestNoTwoSecretsShareAPiece: otherwise Leaks could not say which of them it found.
func TestNoTwoSecretsShareAPiece(t *testing.T) {
	t.Parallel()
	of := map[string]string{}
	inv, proc := Credentials(), processCredentials()
	for _, secret := range []string{inv.AccessKeyID, inv.AccessKeySecret, inv.SecurityToken, proc.AccessKeyID, proc.AccessKeySecret, proc.SecurityToken} {
		if len(secret) < pieceSize {
			t.Errorf("%s is too short", secret)
		}
		for i := range len(secret) - pieceSize + 1 {
			piece := secret[i : i+pieceSize]
			if other, taken := of[piece]; taken && other != secret {
				t.Errorf("%s and %s share %s", secret, other, piece)
			}
			of[piece] = secret
		}
	}
}
