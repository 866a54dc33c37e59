// Package simulator simulates the VpcPeer API, version 2022-01-01, and the two actions of STS, version 2015-04-01,
// that lead to it: as a server for any client, and as an in-process [http.RoundTripper] that runs inside a
// testing/synctest bubble.
//
// A [Cloud] holds the truth. Tests put connections, keys and roles into it, let the code under test call it, and then ask
// it what is true now ([Cloud.Item]), what was called ([Cloud.Calls]) and what was called that does not exist
// ([Cloud.UnknownActions]). [Cloud.Inject] makes it fail, in each of the ways of [Kinds].
//
// # Actions
//
// GetVpcPeerConnectionAttribute, ListVpcPeerConnections, RejectVpcPeerConnection, AcceptVpcPeerConnection,
// DeleteVpcPeerConnection, CreateVpcPeerConnection; AssumeRole, GetCallerIdentity. Everything else is answered with
// InvalidApi.NotFound and remembered.
//
// # What documents say, and the simulator does
//
//   - The request, the common parameters and signature version 1.0 (HMAC-SHA1 over the sorted parameters of query and form):
//     https://help.aliyun.com/en/sdk/product-overview/rpc-mechanism
//   - Signature version 3 (ACS3-HMAC-SHA256), for the newer SDKs, the aliyun command and Terraform:
//     https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
//   - Timestamps may be 15 minutes off, nonces are good once, and the codes of the gateway:
//     https://help.aliyun.com/en/document_detail/434846.html
//   - Parameters, answers, states and codes of each action:
//     https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection
//     and its siblings; only the accepter rejects or accepts, either side deletes, a request expires after seven days,
//     a dry run that passes is the error DryRunOperation, a connection that a service manages cannot be deleted:
//     https://help.aliyun.com/zh/vpc/vpc-peer-to-peer-connection
//   - Client tokens: at most 64 ASCII characters, case matters, the same token and parameters give the same answer without
//     a second effect, other parameters give IdempotentParameterMismatch:
//     https://www.alibabacloud.com/help/en/vpc/developer-reference/ensure-idempotence
//   - Quota: 360 calls in 60 s for each region, API and account:
//     https://help.aliyun.com/zh/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
//   - AssumeRole, its parameters and codes: https://www.alibabacloud.com/help/en/ram/api-assumerole
//
// # What is assumed, because no document says it
//
//   - List shows a connection to the accepter in AcceptingRegionId and to the requester in RegionId, oldest first, and needs a
//     RegionId; an unsupported region is UnsupportedRegion, as it is documented for Create. Get, Reject, Accept and Delete
//     take the instance id alone and do not look at RegionId.
//   - A connection that is not the caller's is ResourceNotFound.InstanceId; so is one that the requester tries to reject.
//   - Anything but Accepting is IncorrectStatus.VpcPeer for Reject and Accept; Creating, Updating and Deleting are for Delete.
//   - A second call that changes a connection while one is in flight is OperationConflict; the same client token while its first
//     call is in flight is LastTokenProcessing.
//   - A client token is unique within account and action, is never forgotten, is bound to all parameters that are not common to
//     all actions (so RegionId does not count), and is used up by success and by a dry run that passed. Another refusal frees
//     it, unless [Cloud.ReplayErrors] is set. A token that is too long or not printable ASCII is
//     InvalidClientToken.ValueNotSupported, as ECS has it.
//   - Calls that are refused by the quota do not count towards it; STS has no quota here.
//   - Rejected and Expired connections stay, and a new request between the same VPCs is possible then.
//   - The codes Missing… for what is missing and InvalidParameter.… for what is malformed, 400 for the codes of security
//     tokens, Forbidden.RAM for a missing permission of VpcPeer, and the texts of all messages.
//
// # What is simplified
//
// Answers are JSON, whatever Format asks for. VPCs are not known, so Create takes any id, and its connections have no CIDRs.
// Identities have the permissions of their account, and session policies and external ids are checked for their form only. A role
// may be assumed by any identity of the accounts that it trusts.
package simulator
