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

// tokenUse is the first call with a token.
type tokenUse struct {
	business string // the parameters that the token is bound to
	done     bool   // false: the call is still in flight
	answer   answer
}

const maxToken = 64 // characters

// claim starts the use of a call's client token. It returns the earlier answer of the token, or a refusal.
// If it returns nil the call goes on and must end in settleToken. The lock is held.
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

// once carries out a call with the lock held, unless its client token has been used before.
func (c *Cloud) once(cl *call, act func() answer) answer {
	c.mu.Lock()
	early := c.claim(cl)
	c.mu.Unlock()
	if early != nil {
		return *early
	}
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := act()
	c.settleToken(cl, a)
	return a
}

// usable returns why a token cannot start a call, or nil.
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

// settleToken ends the use of a token: it keeps the answer for repetitions, or frees the token. The lock is held.
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

// final reports whether repetitions get the same answer. An answer that asks the caller to try again is never final.
// A dry run that passed is final, although its code is that of an error.
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
