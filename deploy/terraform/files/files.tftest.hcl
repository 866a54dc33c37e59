# Needs no provider: `terraform init && terraform test`.

variables {
  region            = "cn-hangzhou"
  account_id        = "1111111111111111"
  log_project       = "peerguard-logs"
  logstore          = "decisions"
  failure_topic     = "failed-events"
  dead_letter_queue = "lost-events"
  guard_members     = true
  read_directory    = true
  action_policy_id  = "night-shift"
}

run "nothing_is_left_to_fill_in" {
  assert {
    condition     = length(regexall("\\$\\{vars\\.|<[A-Z_]+>", jsonencode([output.function, output.policies, output.alerts]))) == 0
    error_message = "A variable of s.yaml or a placeholder is left."
  }
}

run "s_yaml_is_filled_in" {
  assert {
    condition     = output.function.role == "acs:ram::1111111111111111:role/peerguard"
    error_message = "Another role: ${output.function.role}"
  }
  assert {
    condition     = output.function.logConfig.project == "peerguard-logs" && output.function.logConfig.logstore == "decisions"
    error_message = "Another Logstore: ${jsonencode(output.function.logConfig)}"
  }
  assert {
    condition     = output.function.asyncInvokeConfig.destinationConfig.onFailure.destination == "acs:mns:cn-hangzhou::/topics/failed-events/messages"
    error_message = "Another failure destination: ${jsonencode(output.function.asyncInvokeConfig)}"
  }
  assert {
    condition     = output.triggers["peering-events"].triggerConfig.runOptions.deadLetterQueue.Arn == "acs:mns:cn-hangzhou:1111111111111111:/queues/lost-events"
    error_message = "Another dead-letter queue: ${jsonencode(output.triggers["peering-events"])}"
  }
  assert {
    condition     = { for name, trigger in output.triggers : name => trigger.triggerType } == { sweep = "timer", peering-events = "eventbridge" }
    error_message = "Other triggers: ${join(", ", keys(output.triggers))}"
  }
}

# The event pattern and the messages of alerts have dollar signs, brackets and angle brackets of their own.
run "the_rest_stays_as_it_is" {
  assert {
    condition = (
      yamldecode(file("../../../s.yaml")).resources.peerguard.props.triggers[1].triggerConfig.eventRuleFilterPattern ==
      output.triggers["peering-events"].triggerConfig.eventRuleFilterPattern
    )
    error_message = "The event pattern is another one than in s.yaml."
  }
  assert {
    condition = alltrue([for name, rule in output.alerts :
      rule.configuration.annotations == yamldecode(file("../../alerts/${name}.yaml")).configuration.annotations
    ])
    error_message = "An alert says something else than its file."
  }
}

run "members_and_directory" {
  assert {
    condition = (
      jsondecode(output.policies["peerguard"]) == jsondecode(file("../../ram/function.json")) &&
      jsondecode(output.policies["peerguard-directory"]) == jsondecode(file("../../ram/directory.json"))
    )
    error_message = "The role has other permissions than those of deploy/ram: ${jsonencode(output.policies)}"
  }
  assert {
    condition = [for s in jsondecode(output.policies["peerguard-platform"]).Statement : s.Resource] == [
      ["acs:log:cn-hangzhou:1111111111111111:project/peerguard-logs/logstore/decisions"],
      ["acs:mns:cn-hangzhou:1111111111111111:/topics/failed-events/messages"],
    ]
    error_message = "The platform may write elsewhere: ${output.policies["peerguard-platform"]}"
  }
}

run "one_account" {
  variables {
    guard_members  = false
    read_directory = false
  }
  assert {
    condition     = toset(keys(output.policies)) == toset(["peerguard", "peerguard-platform"])
    error_message = "The role has the policies ${join(", ", keys(output.policies))}."
  }
  assert {
    condition     = length(regexall("sts:AssumeRole", output.policies["peerguard"])) == 0 && length(regexall("vpc:RejectVpcPeerConnection", output.policies["peerguard"])) == 1
    error_message = "The role has other permissions: ${output.policies["peerguard"]}"
  }
}

run "alerts" {
  assert {
    condition     = toset(keys(output.alerts)) == toset(["failed", "incomplete-sweep", "no-sweep", "policy-broken", "violation"])
    error_message = "Other alerts: ${join(", ", keys(output.alerts))}"
  }
  assert {
    condition = alltrue([for rule in output.alerts :
      rule.configuration.queryList[0].store == "decisions" && rule.configuration.policyConfiguration.actionPolicyId == "night-shift"
    ])
    error_message = "An alert looks at another Logstore, or tells somebody else."
  }
}
