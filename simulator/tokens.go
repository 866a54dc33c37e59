package simulator

import (
	"peerguard/function/peering"
)

// tokenKey is what a client token is unique within.
type tokenKey struct {
	account peering.Account
	action  string
	token   string
}

// tokenUse is what became of the call that came first with a token.
type tokenUse struct {
	business string // the parameters that the token is bound to
	done     bool   // false: that call is still in flight
	answer   answer
}

const maxToken = 64 // characters

// claim starts the use of a call's client token. It gives the answer that the token already has, or the refusal;
// nil: the call may go on, and must end in settleToken. The lock is held.
func (c *Cloud) claim(cl *call) *answer {
	if cl.ClientToken == "" {
		return nil
	}
	use := c.tokens[cl.tokenKey()]
	if use != nil && use.done && use.business == cl.params.business() {
		return &use.answer
	}
	if err := cl.usable(use); err != nil {
		a := err.answer(cl)
		return &a
	}
	if c.tokens == nil {
		c.tokens = map[tokenKey]*tokenUse{}
	}
	c.tokens[cl.tokenKey()] = &tokenUse{business: cl.params.business()}
	return nil
}

// usable says why a token cannot start a call, if so.
func (cl *call) usable(use *tokenUse) *apiError {
	switch {
	case !validToken(cl.ClientToken):
		return badRequest("InvalidClientToken.ValueNotSupported", "The ClientToken parameter must hold at most %d ASCII characters.", maxToken)
	case use == nil:
		return nil
	case use.business != cl.params.business():
		return tokenMismatch()
	}
	return tokenProcessing()
}

// settleToken ends the use of a token: it keeps the answer that a repetition gets, or frees the token. The lock is held.
// A dry run that passed counts as an answer, although its code is that of an error.
func (c *Cloud) settleToken(cl *call, a answer) {
	if cl.ClientToken == "" {
		return
	}
	if !c.final(a) {
		delete(c.tokens, cl.tokenKey())
		return
	}
	use := c.tokens[cl.tokenKey()]
	use.done, use.answer = true, a
}

// final reports whether an answer is what repetitions get too. One that asks to try again never is.
func (c *Cloud) final(a answer) bool {
	switch a.code {
	case "", "DryRunOperation":
		return true
	case "OperationConflict":
		return false
	}
	return c.ReplayErrors
}

func (cl *call) tokenKey() tokenKey { return tokenKey{cl.Account, cl.Action, cl.ClientToken} }

func validToken(s string) bool {
	for i := range len(s) {
		if s[i] > 0x7e || s[i] < 0x20 {
			return false
		}
	}
	return len(s) <= maxToken
}
