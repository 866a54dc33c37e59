package policy

import "peerguard/function/peering"

// Accounts reads a list of account ids as accounts_from names them: one id a line, and comments after #. The name is that of the
// file, for messages. The error is an [Errors].
func Accounts(name string, text []byte) ([]peering.Account, error) {
	d := decoder{doc: newDocument(name, text)}
	if !d.readable() {
		return nil, d.errs
	}
	list := d.accountLines()
	if len(list) == 0 && len(d.errs) == 0 {
		d.at(1, 1, "the file has no account ids")
	}
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	ids := make([]peering.Account, len(list))
	for i, e := range list {
		ids[i] = e.account
	}
	return ids, nil
}
