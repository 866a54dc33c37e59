// Package simulator is a server that simulates the parts of Alibaba Cloud that peerguard talks to: the VpcPeer API
// (version 2022-01-01), two actions of STS (version 2015-04-01) that lead to it, the resource directory (version
// 2020-03-31) and the regions of VPC (version 2016-04-28).
//
// The zero [Cloud] is ready to use. Serve it with net/http to any client, or use it as an in-process
// [http.RoundTripper], which also works inside a testing/synctest bubble.
//
// A Cloud holds the truth. A test puts connections, keys and roles into it, lets the code under test call it, and then
// asks what is true now ([Cloud.Item]), what was called ([Cloud.Calls]), and which calls named an action that does not
// exist ([Cloud.UnknownActions]). [Cloud.Inject] makes it fail in each of the ways that [Kinds] lists.
//
// It checks what the real gateway checks: the signature (both versions), the timestamp, the nonce, the security token,
// permissions, quota, parameters, client tokens, and the state of a connection.
//
// # Actions
//
// GetVpcPeerConnectionAttribute, ListVpcPeerConnections, RejectVpcPeerConnection, AcceptVpcPeerConnection,
// DeleteVpcPeerConnection, CreateVpcPeerConnection, ModifyVpcPeerConnection, MoveResourceGroup, TagResources, UnTagResources,
// ListTagResources; AssumeRole, GetCallerIdentity; GetResourceDirectory, ListAccounts, GetAccount; DescribeRegions. Any other
// action is answered with InvalidApi.NotFound and recorded.
//
// # What is documented
//
//   - The request, the common parameters and signature version 1.0 (HMAC-SHA1 over the sorted parameters of query and form):
//     https://help.aliyun.com/en/sdk/product-overview/rpc-mechanism
//   - Signature version 3 (ACS3-HMAC-SHA256) of newer SDKs, the aliyun command and Terraform:
//     https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
//   - A timestamp may be 15 minutes off, a nonce works once, and the codes of the gateway:
//     https://help.aliyun.com/en/document_detail/434846.html
//   - Parameters, answers, states and codes of each action:
//     https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection
//     and its siblings. Only the accepter rejects or accepts, either side deletes, a request expires after seven days,
//     a dry run that passes is the error DryRunOperation, a connection that a service manages cannot be deleted:
//     https://help.aliyun.com/zh/vpc/vpc-peer-to-peer-connection
//   - Client tokens have at most 64 ASCII characters and are case-sensitive. A token with the same parameters returns the
//     same answer without a second effect; with other parameters it returns IdempotentParameterMismatch:
//     https://www.alibabacloud.com/help/en/vpc/developer-reference/ensure-idempotence
//   - The quota is 360 calls in 60 s for each region, API and account:
//     https://help.aliyun.com/zh/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
//   - A connection has a bandwidth and a link type of its own only between regions. Bandwidth cannot be changed within one.
//     A connection has at most 20 tags; the reserved prefixes and the codes for tags:
//     https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-tagresources
//   - AssumeRole, its parameters and codes: https://www.alibabacloud.com/help/en/ram/api-assumerole
//   - A SourceIdentity stays with a session and with those that it leads to, and cannot be changed:
//     https://www.alibabacloud.com/help/en/ram/user-guide/session-tagging-and-fine-grained-access-control-for-assumed-roles-using-sourceidentity
//   - PrincipalId is the id of a RAM user, or the id of a role, a colon and the RoleSessionName. Only a RAM user has a UserId:
//     https://help.aliyun.com/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity
//   - A session may call what both its role and its session policy allow; Deny prevails over Allow:
//     https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
//   - The directory: only the management account and delegated administrators list accounts, an account that does not
//     exist is EntityNotExists.Account, the management account is not a member, and the quotas are 20 calls of
//     ListAccounts and 50 of the others in a second:
//     https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-listaccounts
//   - DescribeRegions needs no permission: https://www.alibabacloud.com/help/document_detail/36063.html
//
// # What is assumed, because no document says it
//
//   - List shows a connection to the accepter in AcceptingRegionId and to the requester in RegionId, oldest first. Without a
//     RegionId, which is optional, it shows those of all regions. An unsupported region is UnsupportedRegion, which is
//     documented for Create. An action that names connections uses their ids alone and does not compare RegionId with theirs.
//   - A connection that is not the caller's is ResourceNotFound.InstanceId. So is one that the requester tries to reject.
//   - Reject and Accept answer IncorrectStatus.VpcPeer unless the connection is Accepting. Delete does so for Creating,
//     Updating and Deleting. Modify does so unless the connection is Activated. An empty parameter of Modify changes nothing.
//   - Create keeps a Bandwidth within a region, and has none there by default. An AcceptingAliUid of 0 is the caller.
//   - Both sides see the same name, description and tags, and either side may change them. Each has its own resource group.
//   - TagResources replaces the value of a key that a connection has. UnTagResources with All removes all tags only if the
//     call names no key. ListTagResources shows all tags of the connections that match, and passes over unknown ids.
//   - A second call that changes a connection while one is in flight is OperationConflict. A client token whose first call
//     is in flight is LastTokenProcessing.
//   - A client token is unique within its account and action and is never forgotten. It is bound to all parameters that are
//     not common to all actions, so RegionId does not count. Success uses it up, and so does a dry run that passed; any other
//     refusal frees it, unless [Cloud.ReplayErrors] is set. A token that is too long or not printable ASCII is
//     InvalidClientToken.ValueNotSupported, as in ECS.
//   - Calls that the quota refuses do not count towards it. STS has no quota here.
//   - [Cloud.MaxConnections] counts the requester's connections in its region, pending, rejected and expired ones included. Create
//     looks at that before it looks for another connection between the same VPCs.
//   - Rejected and Expired connections stay. The same VPCs can be requested again after that.
//   - A plain member that lists accounts gets EntityNotExists.ResourceDirectory, as an account outside does. Accounts are
//     listed in the order in which they joined.
//   - The codes Missing… for a missing parameter and InvalidParameter.… for a malformed one, status 400 for the codes of
//     security tokens, the form of SourceIdentity (that of RoleSessionName), Forbidden.RAM for a missing permission of VpcPeer, NoPermission for a wrong ExternalId, and the wording of all messages.
//
// # What is simplified
//
// Answers are JSON, whatever Format says. VPCs are not modelled, so Create takes any id, and its connections have no CIDRs.
// Identities have the permissions of their account, less what a session policy does not allow. Session policies are evaluated
// by action alone: a statement needs a Resource, which is not looked at, and must not have a Condition. Any identity of a
// trusted account can assume a role.
package simulator
