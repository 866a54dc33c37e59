package attacks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// Accounts, as the API writes them.
const (
	ownAccount = 1111111111111111 // the function's own
	stranger   = 6666666666666666
)

// home is the function's own region.
const home = platform.Region

const rejectAll = "version: 1\nmode: enforce\nallow: []\n"

// invocationTime is how long an invocation may take, as deployed.
const invocationTime = 2 * time.Minute

// world is a simulated cloud, a policy, and what the instances in front of them log.
type world struct {
	*simulator.Cloud
	policy *disk
	log    lines
}

func newWorld(policy string) *world {
	w := &world{Cloud: &simulator.Cloud{}, policy: &disk{}}
	w.policy.write(policy, time.Now().Add(-time.Hour))
	c := platform.Credentials()
	w.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	return w
}

// instance returns a new instance of the function.
func (w *world) instance() *handler.Handler { return w.instanceOver(w.Cloud) }

func (w *world) instanceOver(transport http.RoundTripper) *handler.Handler {
	return handler.New(handler.Config{
		Version: "v1.2.3",
		Policy:  policy.NewSource(w.policy, "policy.yaml").Load,
		Cloud:   acs.New(acs.Config{Transport: transport}),
		Log:     zerolog.New(&w.log).Level(zerolog.InfoLevel),
	})
}

func (w *world) status(id string) peering.Status {
	it, _ := w.Item(id)
	return it.Status
}

// invoke runs one invocation. Its error is nil or an *fc.Error.
func invoke(h *handler.Handler, payload string, timeout time.Duration) (*guard.Report, *fc.Error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	at := fc.Invocation{RequestID: "request-1", Account: platform.Account, Region: platform.Region, Credentials: platform.Credentials().Sealed()}
	result, err := h.Handle(ctx, at, []byte(payload))
	report, _ := result.(*guard.Report)
	failed, _ := errors.AsType[*fc.Error](err)
	return report, failed
}

// disk is a file system with a policy that can be edited at any time.
type disk struct {
	mu    sync.Mutex
	files fstest.MapFS
}

func (d *disk) Open(name string) (fs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files.Open(name)
}

func (d *disk) write(text string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files = fstest.MapFS{"policy.yaml": &fstest.MapFile{Data: []byte(text), ModTime: at}}
}

// lines are a log. It is safe for concurrent use.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.buf.String(), "\n"), "\n")
}

// request is a pending request to the function's account, in the function's region.
func request(id string, requester int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: requester, RegionID: "cn-beijing", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.9.0.0/16"}},
		AcceptingOwnerUID: ownAccount, AcceptingRegionID: platform.Region, AcceptingVPC: simulator.VPC{VpcID: "vpc-b", Ipv4Cidrs: []string{"10.1.0.0/16"}},
		Status: peering.Accepting,
	}
}

// sweep is a timer event.
func sweep(triggerTime string) string {
	return marshal(map[string]string{"triggerTime": triggerTime, "triggerName": "sweep", "payload": ""})
}

// created is the event of a successful CreateVpcPeerConnection.
func created(eventID, instanceID, region string) string {
	return marshal(map[string]any{"specversion": "1.0", "id": eventID, "source": "acs.vpcpeer", "type": "vpcpeer:ActionTrail:ApiCall", "data": map[string]any{
		"eventName":         "CreateVpcPeerConnection",
		"requestParameters": map[string]any{"AcceptingAliUid": platform.Account, "AcceptingRegionId": region},
		"responseElements":  map[string]any{"InstanceId": instanceID},
	}})
}

func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // cannot happen: text and maps of it
	}
	return string(text)
}

// bubble runs a named case with a clock of its own.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

func wantStatus(t *testing.T, w *world, id string, want peering.Status) {
	t.Helper()
	if got := w.status(id); got != want {
		t.Errorf("%s is %s, want %s", id, got, want)
	}
}
