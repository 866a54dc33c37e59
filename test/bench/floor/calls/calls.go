// Package calls is the floor that peerguard is measured against: the same calls and nothing else. It uses alibaba-cloud-sdk-go
// as its documentation shows, with one client for each account and region, and one transport with keep-alive for the process.
// There is no policy, log, report, retry or limit of calls.
package calls

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"
)

// Cloud is where to call.
type Cloud struct {
	Endpoint  *url.URL          // of both APIs: scheme and host
	Transport http.RoundTripper // kept for the life of the process

	sessions sync.Map // the Credentials of each role that was assumed
}

// FromEnv returns the Cloud at the URL in the variable FLOOR_ENDPOINT.
func FromEnv() (*Cloud, error) {
	endpoint, err := url.Parse(os.Getenv("FLOOR_ENDPOINT"))
	if err != nil {
		return nil, fmt.Errorf("reading FLOOR_ENDPOINT: %w", err)
	}
	return &Cloud{Endpoint: endpoint, Transport: &http.Transport{MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second}}, nil
}

// Credentials sign calls.
type Credentials struct{ ID, Secret, Token string }

// event is the part of an event that the two calls need.
type event struct {
	ID   string
	Data struct {
		RequestParameters struct{ AcceptingRegionId string }
		ResponseElements  struct{ InstanceId string }
	}
}

// Handle reads the connection that an event names, and rejects it if it is pending.
func (c *Cloud) Handle(creds Credentials, payload []byte) error {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("reading the event: %w", err)
	}
	client, err := c.client(creds, e.Data.RequestParameters.AcceptingRegionId)
	if err != nil {
		return err
	}
	get := vpcpeer.CreateGetVpcPeerConnectionAttributeRequest()
	c.address(get)
	get.InstanceId = e.Data.ResponseElements.InstanceId
	found, err := client.GetVpcPeerConnectionAttribute(get)
	if err != nil || found.Status != "Accepting" {
		return err
	}
	return c.reject(client, get.InstanceId, e.ID)
}

func (c *Cloud) reject(client *vpcpeer.Client, id, token string) error {
	reject := vpcpeer.CreateRejectVpcPeerConnectionRequest()
	c.address(reject)
	reject.InstanceId, reject.ClientToken = id, token
	_, err := client.RejectVpcPeerConnection(reject)
	return err
}

func (c *Cloud) assume(creds Credentials, region, role string) (Credentials, error) {
	client, err := sts.NewClientWithOptions(region, c.config(), credentials.NewStsTokenCredential(creds.ID, creds.Secret, creds.Token))
	if err != nil {
		return Credentials{}, err
	}
	request := sts.CreateAssumeRoleRequest()
	c.address(request)
	request.RoleArn, request.RoleSessionName = role, "floor"
	answer, err := client.AssumeRole(request)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{answer.Credentials.AccessKeyId, answer.Credentials.AccessKeySecret, answer.Credentials.SecurityToken}, nil
}

func (c *Cloud) client(creds Credentials, region string) (*vpcpeer.Client, error) {
	return vpcpeer.NewClientWithOptions(region, c.config(), credentials.NewStsTokenCredential(creds.ID, creds.Secret, creds.Token))
}

func (c *Cloud) config() *sdk.Config {
	config := sdk.NewConfig().WithTimeout(10 * time.Second)
	config.Transport = c.Transport
	return config
}

func (c *Cloud) address(r requests.AcsRequest) {
	r.SetScheme(strings.ToUpper(c.Endpoint.Scheme))
	r.SetDomain(c.Endpoint.Host)
}
