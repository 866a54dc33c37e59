package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"peerguard/events"
	"peerguard/function/event"
	"peerguard/function/peering"
)

// compareEvents leaves the errors of elements aside: they quote the text of an element, so they are compared by what
// they say where that matters.
var compareEvents = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(event.Events{}, "Err")}

// TestSamples checks every sample as far as it can be judged without the cloud: whether something that is ignored in the
// end is ignored by what its event says, or by what the API says, only the cloud can tell.
func TestSamples(t *testing.T) {
	t.Parallel()
	samples, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			want := make(map[string]int)
			for _, outcome := range sample.Outcomes {
				want[outcome]++
			}
			judged := len(sample.Outcomes) - want["ignored"] - want[events.Invalid]
			input, err := event.Parse(sample.Payload)
			switch got := input.(type) {
			case nil:
				if err == nil || want[events.Invalid] != 1 || len(sample.Outcomes) != 1 {
					t.Errorf("Parse failed: %v", err)
				}
			case *event.Sweep:
				if want[events.Sweep] != 1 {
					t.Errorf("it is a sweep: %+v", got)
				}
			case *event.Events:
				if (got.Err != nil) != (want[events.Invalid] > 0) {
					t.Errorf("elements that cannot be read: %v", got.Err)
				}
				if n := len(got.Hints); n < judged || n > judged+want["ignored"] {
					t.Errorf("there are %d hints", n)
				}
				if (got.Ignored != "") != (len(got.Hints) == 0) {
					t.Errorf("ignored because %q, and %d hints", got.Ignored, len(got.Hints))
				}
			}
		})
	}
}

// record is a successful Create around some more or other parts.
func record(parts string) string {
	return `{"specversion":"1.0","id":"e-1","data":{` + parts + `}}`
}

const created = `"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-1"}`

func TestHint(t *testing.T) {
	t.Parallel()
	plain := event.Hint{ID: "e-1", InstanceID: "pcc-1"}
	with := func(change func(*event.Hint)) event.Hint { h := plain; change(&h); return h }
	accepters := func(accounts ...peering.Account) event.Hint {
		return with(func(h *event.Hint) { h.Accepters = accounts })
	}
	unreadable := func(accounts ...peering.Account) event.Hint {
		return with(func(h *event.Hint) { h.Accepters, h.AccepterUnreadable = accounts, true })
	}
	region := func(r string) event.Hint { return with(func(h *event.Hint) { h.Region = r }) }
	const accepted = `"eventName":"AcceptVpcPeerConnection",`

	tests := map[string]struct {
		payload string
		want    event.Hint
	}{
		"least":                 {record(created), plain},
		"no specversion":        {`{"type":"t","source":"s","id":"e-1","data":{` + created + `}}`, plain},
		"data alone":            {`{"id":"e-1","data":{` + created + `}}`, plain},
		"timer keys beside it":  {`{"triggerTime":"t","triggerName":"n","id":"e-1","data":{` + created + `}}`, plain},
		"white space":           {" \r\n\t" + record(created) + "\n", plain},
		"later key wins":        {`{"specversion":"1.0","id":"e-0","id":"e-1","data":{` + created + `}}`, plain},
		"accepted":              {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"empty error code":      {record(created + `,"errorCode":""`), plain},
		"null error code":       {record(created + `,"errorCode":null`), plain},
		"error code no text":    {record(created + `,"errorCode":{}`), plain},
		"numeric id":            {strings.Replace(record(created), `"e-1"`, `12345678901234567890123`, 1), with(func(h *event.Hint) { h.ID = "12345678901234567890123" })},
		"numeric id as written": {strings.Replace(record(created), `"e-1"`, `-1.50e+3`, 1), with(func(h *event.Hint) { h.ID = "-1.50e+3" })},
		"id with quotes":        {strings.Replace(record(created), `"e-1"`, `"a\"\u0041"`, 1), with(func(h *event.Hint) { h.ID = `a"A` })},

		"answer before request": {record(created + `,"requestParameters":{"InstanceId":"pcc-2"}`), plain},
		"request after null":    {record(accepted + `"responseElements":null,"requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"request after text":    {record(accepted + `"responseElements":"{}","requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"request after list":    {record(accepted + `"responseElements":[],"requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"request after empty":   {record(accepted + `"responseElements":{"InstanceId":""},"requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"request after null id": {record(accepted + `"responseElements":{"InstanceId":null},"requestParameters":{"InstanceId":"pcc-1"}`), plain},
		"request of wrong type": {record(created + `,"requestParameters":"x"`), unreadable()},
		"other case is other":   {record(created + `,"responseelements":{"InstanceId":"pcc-2"},"EventName":"DeleteVpc","ErrorCode":"X"`), plain},

		"accepter number":             {record(created + `,"requestParameters":{"AcceptingAliUid":1234567890123456789}`), accepters("1234567890123456789")},
		"accepter text":               {record(created + `,"requestParameters":{"AcceptingAliUid":"0123456701234567"}`), accepters("0123456701234567")},
		"accepter float":              {record(created + `,"requestParameters":{"AcceptingAliUid":1.5e15}`), unreadable()},
		"accepter object":             {record(created + `,"requestParameters":{"AcceptingAliUid":{"a":1}}`), unreadable()},
		"creator is not accepter":     {record(created + `,"requestParameters":{"AcceptingAliUid":11},"userIdentity":{"accountId":"22"},"recipientAccountId":"22"`), accepters("11")},
		"creator inside one account":  {record(created + `,"userIdentity":{"accountId":"22"},"recipientAccountId":"33"`), accepters("22")},
		"who accepts":                 {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"},"recipientAccountId":"11","userIdentity":{"accountId":22}`), accepters("11", "22")},
		"who accepts, named":          {record(accepted + `"requestParameters":{"InstanceId":"pcc-1","AcceptingAliUid":33},"recipientAccountId":"11","userIdentity":{"accountId":22}`), accepters("33", "11", "22")},
		"who accepts, once":           {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"},"recipientAccountId":11,"userIdentity":{"accountId":"11"}`), accepters("11")},
		"who accepts, from a system":  {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"},"userIdentity":{"type":"system"}`), plain},
		"who accepts, no account ids": {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"},"recipientAccountId":"me","userIdentity":[]`), unreadable()},
		"who accepts, as null":        {record(accepted + `"requestParameters":{"InstanceId":"pcc-1"},"recipientAccountId":null,"userIdentity":{"accountId":22}`), unreadable("22")},
		"accepter integral":           {record(created + `,"requestParameters":{"AcceptingAliUid":4444000044440000.0}`), accepters("4444000044440000")},
		"accepter integral text":      {record(created + `,"requestParameters":{"AcceptingAliUid":"4444000044440000.000"}`), accepters("4444000044440000")},
		"accepter fraction":           {record(created + `,"requestParameters":{"AcceptingAliUid":4444000044440000.5}`), unreadable()},
		"accepter dotted":             {record(created + `,"requestParameters":{"AcceptingAliUid":"4444000044440000."}`), unreadable()},
		"accepter exponent":           {record(created + `,"requestParameters":{"AcceptingAliUid":4.444000044440000E15}`), unreadable()},
		"accepter null":               {record(created + `,"requestParameters":{"AcceptingAliUid":null},"userIdentity":{"accountId":"22"}`), unreadable()},
		"accepter zero":               {record(created + `,"requestParameters":{"AcceptingAliUid":0},"userIdentity":{"accountId":"22"}`), unreadable()},
		"accepter zero text":          {record(created + `,"requestParameters":{"AcceptingAliUid":"0.0"}`), unreadable()},
		"accepter negative":           {record(created + `,"requestParameters":{"AcceptingAliUid":-1}`), unreadable()},
		"accepter with blanks":        {record(created + `,"requestParameters":{"AcceptingAliUid":" 4444000044440000 "}`), unreadable()},
		"accepter grouped":            {record(created + `,"requestParameters":{"AcceptingAliUid":"4,444,000,044,440,000"}`), unreadable()},
		"accepter too long":           {record(created + `,"requestParameters":{"AcceptingAliUid":123456789012345678901}`), unreadable()},
		"accepter empty":              {record(created + `,"requestParameters":{"AcceptingAliUid":""},"userIdentity":{"accountId":"22"}`), accepters("22")},
		"parameters as text":          {record(created + `,"requestParameters":"{\"AcceptingAliUid\":11}"`), accepters("11")},
		"parameters as other text":    {record(created + `,"requestParameterJson":"{\"AcceptingAliUid\":11}"`), accepters("11")},
		"parameters twice":            {record(created + `,"requestParameterJson":"{\"AcceptingAliUid\":11}","requestParameters":{"AcceptingAliUid":12}`), accepters("12")},
		"parameters cut off":          {record(created + `,"requestParameterJson":"{\"AcceptingAliUid\":11"`), unreadable()},
		"answer as text":              {record(`"eventName":"CreateVpcPeerConnection","responseElements":"{\"InstanceId\":\"pcc-1\"}"`), plain},
		"record as text":              {`{"specversion":"1.0","id":"e-1","data":"{\"eventName\":\"CreateVpcPeerConnection\",\"responseElements\":{\"InstanceId\":\"pcc-1\"}}"}`, plain},

		"region of the accepter": {record(created + `,"acsRegion":"cn-hangzhou","requestParameters":{"AcceptingRegionId":"cn-shanghai"}`), region("cn-shanghai")},
		"region of the record":   {record(created + `,"acsRegion":"cn-hangzhou"`), region("cn-hangzhou")},
		"region invalid":         {record(created + `,"acsRegion":"cn-hangzhou","requestParameters":{"AcceptingRegionId":"cn.evil/"}`), region("cn-hangzhou")},
		"no valid region":        {record(created + `,"acsRegion":7,"requestParameters":{"AcceptingRegionId":"Shanghai"}`), plain},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			want := &event.Events{TriggerID: tt.want.ID, Hints: []event.Hint{tt.want}}
			if diff := cmp.Diff(event.Input(want), input, compareEvents); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	const noObject = "not a peering event: data is missing or not an object"
	const noRecord = "not a peering event: data is not an ActionTrail record: it has no eventName"
	tests := map[string]struct{ payload, want string }{
		"no data":              {`{"specversion":"1.0","id":"e-1"}`, noObject},
		"null":                 {`{"specversion":"1.0","id":"e-1","data":null}`, noObject},
		"text":                 {`{"specversion":"1.0","id":"e-1","data":"x"}`, noObject},
		"list":                 {`{"specversion":"1.0","id":"e-1","data":[]}`, noObject},
		"empty record":         {record(``), noRecord},
		"null name":            {record(`"eventName":null`), noRecord},
		"empty name":           {record(`"eventName":""`), noRecord},
		"object as name":       {record(`"eventName":{}`), noRecord},
		"other name":           {record(`"eventName":"DeleteVpcPeerConnection"`), `not a peering event: eventName is "DeleteVpcPeerConnection"`},
		"number as name":       {record(`"eventName":7`), `not a peering event: eventName is "7"`},
		"name in another case": {record(`"eventName":"createVpcPeerConnection"`), `not a peering event: eventName is "createVpcPeerConnection"`},
		"long name, odd cut":   {record(`"eventName":"x` + strings.Repeat("é", 50) + `"`), `not a peering event: eventName is "x` + strings.Repeat("é", 19) + `"…`},
		"long name":            {record(`"eventName":"` + strings.Repeat("é", 50) + `"`), `not a peering event: eventName is "` + strings.Repeat("é", 20) + `"…`},
		"failed call":          {record(created + `,"errorCode":"DryRunOperation"`), "describes a call that failed: DryRunOperation"},
		"failed, numeric":      {record(created + `,"errorCode":403`), "describes a call that failed: 403"},
		"failed, odd text":     {record(created + `,"errorCode":"a\nb"`), `describes a call that failed: "a\nb"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err != nil {
				t.Fatal(err)
			}
			want := &event.Events{TriggerID: "e-1", Ignored: tt.want}
			if diff := cmp.Diff(event.Input(want), input, compareEvents); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestIgnoredNeedsNoID checks that only what is worth a look needs an id.
func TestIgnoredNeedsNoID(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`null`, `{"eventName":"DeleteVpc"}`, `{"eventName":"CreateVpcPeerConnection","errorCode":"NoPermission"}`} {
		input, err := event.Parse([]byte(`{"specversion":"1.0","id":{},"data":` + data + `}`))
		got, ok := input.(*event.Events)
		if err != nil || !ok || got.Ignored == "" || got.TriggerID != "" {
			t.Errorf("%s: %+v, %v", data, input, err)
		}
	}
}

// TestParseFails checks that what cannot be read is an error that says why, on one line and in a few words.
func TestParseFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ payload, want string }{
		"nothing":          {"", "it is empty"},
		"white space":      {" \n\t", "it is empty"},
		"null":             {"null", "not a CloudEvents event"},
		"number":           {"42", "not a CloudEvents event"},
		"true":             {"true", "not a CloudEvents event"},
		"text":             {`"x"`, "not a CloudEvents event"},
		"text of an event": {fmt.Sprintf("%q", record(created)), "not a CloudEvents event"},
		"empty object":     {"{}", "not a CloudEvents event"},
		"other object":     {`{"a":"` + strings.Repeat("x", 1000) + `"}`, `"{\"a\":\"xxx`},
		"type alone":       {`{"type":"t","data":{}}`, "not a CloudEvents event"},
		"null specversion": {`{"specversion":null,"data":{}}`, "not a CloudEvents event"},
		"unwrapped record": {`{` + created + `}`, "not a CloudEvents event"},
		"truncated":        {record(created)[:60], "unexpected end of JSON input"},
		"two values":       {record(created) + "{}", "after top-level value"},
		"no JSON":          {"hello", "invalid character 'h'"},
		"byte order mark":  {"\ufeff" + record(created), "not JSON"},
		"invalid UTF-8":    {strings.Replace(record(created), "e-1", "\xff\xfe", 1), "not valid UTF-8"},
		"zero bytes":       {"\x00\x00", "not JSON"},
		"nested arrays":    {strings.Repeat("[", 1<<20), "exceeded max depth"},
		"closed arrays":    {strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19), "exceeded max depth"},
		"nested objects":   {strings.Repeat(`{"data":`, 1<<17), "exceeded max depth"},
		"empty array":      {"[ ]", "the array is empty"},

		"no event id":        {`{"specversion":"1.0","data":{` + created + `}}`, "needs an id"},
		"null event id":      {strings.Replace(record(created), `"e-1"`, `null`, 1), "needs an id"},
		"empty event id":     {strings.Replace(record(created), `"e-1"`, `""`, 1), "needs an id"},
		"object as event id": {strings.Replace(record(created), `"e-1"`, `{}`, 1), "needs an id"},
		"true as event id":   {strings.Replace(record(created), `"e-1"`, `true`, 1), "needs an id"},

		"no connection":          {record(`"eventName":"CreateVpcPeerConnection"`), `(pcc-…): ""`},
		"no connection accepted": {record(`"eventName":"AcceptVpcPeerConnection","requestParameters":null`), "AcceptVpcPeerConnection has no valid InstanceId"},
		"path as connection":     {strings.Replace(record(created), "pcc-1", "../../x", 1), `(pcc-…): "../../x"`},
		"upper case":             {strings.Replace(record(created), "pcc-1", "PCC-1", 1), `(pcc-…): "PCC-1"`},
		"new line after it":      {strings.Replace(record(created), "pcc-1", `pcc-1\n`, 1), `(pcc-…): "pcc-1\n"`},
		"too long":               {strings.Replace(record(created), "pcc-1", "pcc-"+strings.Repeat("a", 61), 1), `aaa"…`},
		"number as connection":   {strings.Replace(record(created), `"pcc-1"`, "17", 1), `(pcc-…): "17"`},
		"no way around a bad id": {strings.Replace(record(created+`,"requestParameters":{"InstanceId":"pcc-2"}`), "pcc-1", "x", 1), `(pcc-…): "x"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input, err := event.Parse([]byte(tt.payload))
			if err == nil || input != nil {
				t.Fatalf("Parse = %+v, %v", input, err)
			}
			if text := err.Error(); !strings.HasPrefix(text, "reading event: ") || !strings.Contains(text, tt.want) ||
				strings.Contains(text, "\n") || len(text) > 300 {
				t.Errorf("error is %q, want %q in it", text, tt.want)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	samples, err := events.Cases()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"create-unknown-account", "array-of-strings", "other-service-delete-disk", "timer"} {
		for _, sample := range samples {
			if sample.Name != name {
				continue
			}
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(len(sample.Payload)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := event.Parse(sample.Payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkParseRubbish parses the largest event, of which nothing can be read.
func BenchmarkParseRubbish(b *testing.B) {
	payload := append(append([]byte("["), bytes.Repeat([]byte(" 1,                                                                      "), 9_000)...), "1]"...)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		input, err := event.Parse(payload)
		if parsed, ok := input.(*event.Events); err != nil || !ok || parsed.Err == nil {
			b.Fatal(input, err)
		}
	}
}
