package simulator

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// param is one parameter of a call, from the query or from the form.
type param struct{ name, value string }

// params are the parameters of a call in the order in which they are signed.
type params []param

// params reads what a message asks for, and who asks, wherever its signature version puts that.
func (m message) params() (params, error) {
	form := ""
	if strings.HasPrefix(m.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form = string(m.body)
	}
	ps, err := parseParams(m.query, form)
	if text, ok := strings.CutPrefix(m.header.Get("Authorization"), acs3+" "); ok && err == nil {
		return m.acs3Params(ps, text), nil
	}
	return ps, err
}

// parseParams reads query and form alike; a call may spread its parameters over both.
func parseParams(query, form string) (params, error) {
	ps := make(params, 0, 24)
	for _, text := range []string{query, form} {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			p, err := parseParam(pair)
			if err != nil {
				return nil, err
			}
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, func(a, b param) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	return ps, nil
}

func parseParam(pair string) (param, error) {
	name, value, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return param{}, err
	}
	value, err = url.QueryUnescape(value)
	return param{name, value}, err
}

func (ps params) get(name string) string {
	for _, p := range ps {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// list gives the values of name.1, name.2, …, or those of name itself, between commas.
func (ps params) list(name string) []string {
	if v := ps.get(name); v != "" {
		return strings.Split(v, ",")
	}
	var values []string
	for i := 1; ; i++ {
		v := ps.get(name + "." + strconv.Itoa(i))
		if v == "" {
			return values
		}
		values = append(values, v)
	}
}

// boolean says what is wrong with a parameter that must be true or false, or left out.
func (ps params) boolean(name string) *apiError {
	switch ps.get(name) {
	case "", "false", "true":
		return nil
	default:
		return badRequest("InvalidParameter", "The specified parameter %s is not valid: it must be true or false.", name)
	}
}

// number reads a parameter that lies between low and high; absent is the default.
func (ps params) number(name string, fallback, low, high int, code string) (int, *apiError) {
	v := ps.get(name)
	if v == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return 0, badRequest(code, "The specified parameter %s is not valid: it must be between %d and %d.", name, low, high)
	}
	return n, nil
}

// system are the parameters that every call has: they say who calls what, not what is asked for.
var system = map[string]bool{
	"AccessKeyId": true, "Action": true, "ClientToken": true, "Format": true, "RegionId": true, "SecurityToken": true, "Signature": true,
	"SignatureMethod": true, "SignatureNonce": true, "SignatureType": true, "SignatureVersion": true, "Timestamp": true, "Version": true,
}

// business gives the parameters that a client token is bound to, as one text.
func (ps params) business() string {
	var b strings.Builder
	for _, p := range ps {
		if system[p.name] || p == (param{"DryRun", "false"}) {
			continue
		}
		b.WriteString(p.name)
		b.WriteByte(0)
		b.WriteString(p.value)
		b.WriteByte(0)
	}
	return b.String()
}
