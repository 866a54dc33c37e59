package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// quota stays inside the documented one, 360 calls in 60 s for each API, account and region.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
var quota = acs.Quota{Burst: 10, Rate: 5}

type createAnswer struct {
	acs.Confirmation
	InstanceId acs.Text
}

// create sends the request, or asks for a dry run of the same, and returns the connection's id. A dry run that passed is a
// Failure of class DryRunPassed.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-createvpcpeerconnection
func (d *Drill) create(ctx context.Context, token string, dryRun bool) (string, error) {
	var id string
	err := d.asRequester(ctx, func(send acs.Send) error {
		request := vpcpeer.CreateCreateVpcPeerConnectionRequest()
		request.Name = d.record.Name
		request.Description = "a fire drill of peerguard: it is deleted when the drill ends"
		request.VpcId = d.Requester.Side.VPC
		request.AcceptingAliUid = requests.Integer(d.Accepter.Side.Account)
		request.AcceptingRegionId = d.Accepter.Side.Region
		request.AcceptingVpcId = d.Accepter.Side.VPC
		request.ClientToken = token
		if dryRun {
			request.DryRun = requests.NewBoolean(true)
		}
		got := new(createAnswer)
		if err := send(request, got); err != nil {
			return err
		}
		if id = got.Fact(got.InstanceId); !peering.ValidID(id) {
			return acs.NoConfirmation("CreateVpcPeerConnection answered without the id of a connection")
		}
		return nil
	})
	return id, err
}

// remove asks once for the deletion of a connection.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-deletevpcpeerconnection
func (d *Drill) remove(ctx context.Context, id, token string) error {
	return d.asRequester(ctx, func(send acs.Send) error {
		request := vpcpeer.CreateDeleteVpcPeerConnectionRequest()
		request.InstanceId = id
		request.ClientToken = token
		return send(request, new(acs.Confirmation))
	})
}

func (d *Drill) asRequester(ctx context.Context, attempt func(acs.Send) error) error {
	call := acs.Call{Service: acs.VpcPeer, In: d.Requester.in(), Quota: quota}
	return d.Cloud.Do(ctx, d.Requester.Caller, call, attempt)
}

// Leftovers returns the connections that drills of the requester's account made and did not delete, in its region.
func (d *Drill) Leftovers(ctx context.Context) ([]peering.Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var left []peering.Connection
	err := each(ctx, &d.Requester, func(c *peering.Connection) {
		if d.made(c) && c.Status != peering.Deleting && c.Status != peering.Deleted {
			left = append(left, *c)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what an earlier drill left: %w", err)
	}
	return left, nil
}

// made reports whether a connection is one that a drill of the requester's account made.
func (d *Drill) made(c *peering.Connection) bool {
	return c.Requester.Account == d.Requester.Side.Account && strings.HasPrefix(c.Name, Prefix) && peering.ValidID(c.ID)
}

// each looks at every connection that a party sees in its region.
func each(ctx context.Context, p *Party, look func(*peering.Connection)) error {
	next := p.Client.List(p.in())
	for {
		page, err := next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range page {
			look(&page[i])
		}
	}
}

// failureOf returns the failure that an error is, or nil.
func failureOf(err error) *peering.Failure {
	f, _ := errors.AsType[*peering.Failure](err)
	return f
}

// classOf returns the class of a call's failure, Failed for any other error.
func classOf(err error) peering.Class {
	if f := failureOf(err); f != nil {
		return f.Class
	}
	return peering.Failed
}

// unanswered reports whether a call may have been carried out although its answer is not known.
func unanswered(err error) bool {
	f := failureOf(err)
	return f != nil && (f.Unanswered || f.Class == peering.OutOfTime)
}
