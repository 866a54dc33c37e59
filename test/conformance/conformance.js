'use strict';

// Drives the simulator with a client that is not ours. conformance_test.go starts the simulator, fills it, and runs
//
//   node conformance.js CLIENT
//
// with ENDPOINT (host:port), and with ACCEPTER and REQUESTER as ID:SECRET. It prints a line for each step, and fails if any
// answer is not what Alibaba Cloud documents.

const assert = require('node:assert/strict');
const net = require('node:net');

const { ENDPOINT } = process.env;

// Nothing but the simulator may be dialled.
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  assert.equal(`${options.host}:${options.port}`, ENDPOINT, 'a client dials another address');
  return connect.apply(this, args);
};

const PEER = '2022-01-01';
const STS = '2015-04-01';

// Reads send their parameters in the query, as these clients do by default. Writes send a form.
const isRead = (action) => /^(Get|List)/.test(action);

// Each client as a function of a key that returns a function: (version, action, parameters) → the answer.
const clients = {
  // The RPC client of the first generation, with signature version 1.0.
  'pop-core': (key) => (version, action, params) => {
    const { RPCClient } = require('@alicloud/pop-core');
    const client = new RPCClient({
      endpoint: `http://${ENDPOINT}`, apiVersion: version,
      accessKeyId: key.id, accessKeySecret: key.secret, securityToken: key.token,
    });
    return client.request(action, params, { method: isRead(action) ? 'GET' : 'POST' });
  },
  // What the generated clients of the second generation call, with signature version 3 (ACS3-HMAC-SHA256).
  'openapi-client': (key) => async (version, action, params) => {
    const { default: Client, Config, OpenApiRequest, Params } = require('@alicloud/openapi-client');
    const { default: Util } = require('@alicloud/openapi-util');
    const { RuntimeOptions } = require('@alicloud/tea-util');
    const client = new Client(new Config({
      endpoint: ENDPOINT, protocol: 'http', accessKeyId: key.id, accessKeySecret: key.secret, securityToken: key.token,
    }));
    const call = new Params({
      action, version, method: 'POST', pathname: '/', style: 'RPC', authType: 'AK', protocol: 'HTTP', reqBodyType: 'formData', bodyType: 'json',
    });
    const request = new OpenApiRequest(isRead(action) ? { query: Util.query(params) } : { query: {}, body: params });
    return (await client.callApi(call, request, new RuntimeOptions({}))).body;
  },
};

const [name] = process.argv.slice(2);
const client = clients[name];

function keyOf(text) {
  const [id, secret] = text.split(':');
  return { id, secret };
}

const accepterKey = keyOf(process.env.ACCEPTER);
const requesterKey = keyOf(process.env.REQUESTER);
const accepter = client(accepterKey);
const requester = client(requesterKey);

const ROLE = 'acs:ram::2222222222222222:role/peerguard';
const here = { RegionId: 'cn-shanghai' };

async function refused(code, answer) {
  const err = await answer.then((got) => assert.fail(`got ${JSON.stringify(got)}, want ${code}`), (e) => e);
  if (err.code === 'ERR_ASSERTION') throw err;
  assert.equal(err.code, code);
}

async function status(id) {
  return (await accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: id })).Status;
}

async function assume(params) {
  const got = await accepter(STS, 'AssumeRole', { RoleArn: ROLE, RoleSessionName: 'conformance', ...params });
  const { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token } = got.Credentials;
  return { ...got, key: { id, secret, token } };
}

const ids = (page) => page.VpcPeerConnects.map((item) => item.InstanceId);

let made; // the connection that a step creates and later ones use

const steps = {
  'dial nothing else': async () => {
    assert.throws(() => net.connect(1, '127.0.0.1'), /dials another address/);
  },
  'who the caller is': async () => {
    const got = await accepter(STS, 'GetCallerIdentity', {});
    assert.equal(got.AccountId, '1111111111111111');
    assert.equal(got.IdentityType, 'RAMUser');
    assert.match(got.Arn, /^acs:ram::1111111111111111:user\//);
    assert.match(got.UserId, /^\d+$/);
    assert.equal(got.PrincipalId, got.UserId);
  },
  'list a region': async () => {
    const got = await accepter(PEER, 'ListVpcPeerConnections', here);
    assert.deepEqual(ids(got), ['pcc-1', 'pcc-2', 'pcc-3']);
    assert.equal(got.TotalCount, 3);
    assert.ok(!got.NextToken);
  },
  'list page by page': async () => {
    const first = await accepter(PEER, 'ListVpcPeerConnections', { ...here, MaxResults: 2 });
    const second = await accepter(PEER, 'ListVpcPeerConnections', { ...here, MaxResults: 2, NextToken: first.NextToken });
    assert.deepEqual([ids(first), ids(second)], [['pcc-1', 'pcc-2'], ['pcc-3']]);
    assert.equal(first.TotalCount, 3);
    assert.ok(!second.NextToken);
  },
  'list all regions': async () => {
    assert.deepEqual(ids(await accepter(PEER, 'ListVpcPeerConnections', {})), ['pcc-1', 'pcc-2', 'pcc-3', 'pcc-4']);
  },
  'list the wrong way': async () => {
    await refused('InvalidParameter.MaxResults', accepter(PEER, 'ListVpcPeerConnections', { ...here, MaxResults: 101 }));
    await refused('InvalidParameter.NextToken', accepter(PEER, 'ListVpcPeerConnections', { ...here, NextToken: 'x' }));
  },
  'get a connection': async () => {
    const got = await accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: 'pcc-1' });
    assert.equal(String(got.OwnerId), '2222222222222222');
    assert.equal(String(got.AcceptingOwnerUid), '1111111111111111');
    assert.equal(got.Status, 'Accepting');
    assert.equal(got.Name, 'ä <&> +%20~*');
    assert.deepEqual([...got.Vpc.Ipv4Cidrs], ['10.1.0.0/16']);
    assert.match(got.GmtExpired, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    await refused('ResourceNotFound.InstanceId', accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: 'pcc-0' }));
  },
  'create a connection': async () => {
    const wanted = {
      RegionId: 'cn-hangzhou', VpcId: 'vpc-x', AcceptingAliUid: '1111111111111111', AcceptingRegionId: 'cn-shanghai', AcceptingVpcId: 'vpc-y',
      Name: 'ö *~ +', Bandwidth: 100, LinkType: 'Platinum', Tag: [{ Key: 'k', Value: 'v w' }], ClientToken: 'create-once',
    };
    made = (await requester(PEER, 'CreateVpcPeerConnection', wanted)).InstanceId;
    assert.equal((await requester(PEER, 'CreateVpcPeerConnection', wanted)).InstanceId, made);
    await refused('IdempotentParameterMismatch', requester(PEER, 'CreateVpcPeerConnection', { ...wanted, Name: 'other' }));
    const got = await accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: made });
    assert.deepEqual([got.Status, got.Name, got.Bandwidth, got.LinkType], ['Accepting', 'ö *~ +', 100, 'Platinum']);
    assert.deepEqual(got.Tags.map((tag) => [tag.Key, tag.Value]), [['k', 'v w']]);
  },
  'reject in a dry run': async () => {
    await refused('DryRunOperation', accepter(PEER, 'RejectVpcPeerConnection', { InstanceId: 'pcc-1', DryRun: true }));
    assert.equal(await status('pcc-1'), 'Accepting');
  },
  'reject': async () => {
    await refused('ResourceNotFound.InstanceId', requester(PEER, 'RejectVpcPeerConnection', { InstanceId: 'pcc-1' }));
    const got = await accepter(PEER, 'RejectVpcPeerConnection', { InstanceId: 'pcc-1', ClientToken: 'reject-once' });
    assert.match(got.RequestId, /^[0-9A-F-]{36}$/);
    assert.equal(await status('pcc-1'), 'Rejected');
    await refused('IncorrectStatus.VpcPeer', accepter(PEER, 'RejectVpcPeerConnection', { InstanceId: 'pcc-1' }));
  },
  'accept': async () => {
    await accepter(PEER, 'AcceptVpcPeerConnection', { InstanceId: made });
    assert.equal(await status(made), 'Activated');
    await refused('IncorrectStatus.VpcPeer', accepter(PEER, 'RejectVpcPeerConnection', { InstanceId: made }));
  },
  'modify': async () => {
    await requester(PEER, 'ModifyVpcPeerConnection', { InstanceId: made, Bandwidth: 200, Description: 'modified' });
    const got = await accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: made });
    assert.deepEqual([got.Status, got.Bandwidth, got.Description, got.Name], ['Activated', 200, 'modified', 'ö *~ +']);
  },
  'tag and untag': async () => {
    const about = { RegionId: 'cn-hangzhou', ResourceType: 'PeerConnection', ResourceId: [made] };
    const tags = async () => (await requester(PEER, 'ListTagResources', about)).TagResources.map((tag) => `${tag.TagKey}=${tag.TagValue}`);
    await requester(PEER, 'TagResources', { ...about, Tag: [{ Key: 'k', Value: 'new' }, { Key: 'l', Value: '2' }] });
    assert.deepEqual(await tags(), ['k=new', 'l=2']);
    await requester(PEER, 'UnTagResources', { ...about, TagKey: ['k'] });
    assert.deepEqual(await tags(), ['l=2']);
  },
  'delete': async () => {
    await requester(PEER, 'DeleteVpcPeerConnection', { InstanceId: made, Force: true });
    await refused('ResourceNotFound.InstanceId', accepter(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: made }));
  },
  'a wrong signature': async () => {
    const get = [PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: 'pcc-2' }];
    await refused('SignatureDoesNotMatch', client({ ...accepterKey, secret: 'wrong' })(...get));
    await refused('SignatureDoesNotMatch', client({ ...accepterKey, secret: requesterKey.secret })(...get));
    await refused('InvalidAccessKeyId.NotFound', client({ ...accepterKey, id: 'nobody' })(...get));
  },
  'assume a role': async () => {
    const session = await assume({ DurationSeconds: 900, SourceIdentity: 'Alice' });
    assert.equal(session.AssumedRoleUser.Arn, 'acs:ram::2222222222222222:assumed-role/peerguard/conformance');
    assert.equal(session.SourceIdentity, 'Alice');
    const who = await client(session.key)(STS, 'GetCallerIdentity', {});
    assert.deepEqual([who.AccountId, who.IdentityType, who.PrincipalId], ['2222222222222222', 'AssumedRoleUser', session.AssumedRoleUser.AssumedRoleId]);
    const page = await client(session.key)(PEER, 'ListVpcPeerConnections', { RegionId: 'cn-hangzhou' });
    assert.deepEqual(ids(page), ['pcc-1', 'pcc-2', 'pcc-3', 'pcc-4']);
    await refused('InvalidSecurityToken.MismatchWithAccessKey', client({ ...session.key, token: 'wrong' })(STS, 'GetCallerIdentity', {}));
  },
  'assume a role with a session policy': async () => {
    const Policy = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'vpc:Get*', Resource: '*' }] });
    const session = client((await assume({ Policy })).key);
    assert.equal((await session(PEER, 'GetVpcPeerConnectionAttribute', { InstanceId: 'pcc-2' })).Status, 'Accepting');
    await refused('Forbidden.RAM', session(PEER, 'DeleteVpcPeerConnection', { InstanceId: 'pcc-2' }));
  },
  'assume a role that is not there': async () => {
    await refused('EntityNotExist.Role', assume({ RoleArn: `${ROLE}2` }));
  },
};

async function main() {
  let failed = 0;
  for (const [step, run] of Object.entries(steps)) {
    const err = await run().then(() => null, (e) => e);
    console.log(`${err ? 'FAILED' : 'ok    '} ${name}: ${step}`);
    if (err) {
      failed += 1;
      console.log(err.stack || String(err));
    }
  }
  process.exit(failed ? 1 : 0);
}

main();
