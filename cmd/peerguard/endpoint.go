package main

import (
	"net"
	"strings"

	"peerguard/simulator"
)

// endpoint is where a simulator listens, and what its clients have to know.
type endpoint struct {
	address string // host:port
	region  string // the accepter's region of the first connection
}

func newEndpoint(address net.Addr, items []simulator.Item) endpoint {
	e := endpoint{address.String(), "cn-hangzhou"}
	if len(items) > 0 {
		e.region = items[0].AcceptingRegionID
	}
	return e
}

// variables returns what goes into the environment of peerguard and of Alibaba Cloud's tools, each as NAME=value. The empty
// token hides the token of a real session. The aliyun command prefers its profiles to the environment unless it is told to
// ignore them (https://www.alibabacloud.com/help/en/cli/environment-variables).
func (e endpoint) variables() []string {
	url := "http://" + e.address
	return []string{
		"PEERGUARD_ENDPOINT=" + url,
		"PEERGUARD_STS_ENDPOINT=" + url,
		"PEERGUARD_VPC_ENDPOINT=" + url,
		"PEERGUARD_DIRECTORY_ENDPOINT=" + url,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + simulatedID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + simulatedSecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=",
		"ALIBABA_CLOUD_IGNORE_PROFILE=TRUE",
		"ALIBABA_CLOUD_REGION_ID=" + e.region,
	}
}

// hints says what clients need that find no endpoint in the environment.
func (e endpoint) hints() safe {
	return safe(strings.NewReplacer("ADDRESS", e.address, "REGION", e.region).Replace(`
Beside the variables, an SDK needs the endpoint ADDRESS and the protocol HTTP, the aliyun command two options:

  aliyun --endpoint ADDRESS --insecure vpcpeer ListVpcPeerConnections --RegionId REGION

and Terraform a provider that looks for each service there:

  provider "alicloud" {
    region                 = "REGION"
    protocol               = "HTTP"
    skip_region_validation = true
    endpoints {
      vpcpeer         = "ADDRESS"
      sts             = "ADDRESS"
      vpc             = "ADDRESS"
      resourcemanager = "ADDRESS"
    }
  }

`))
}
