# What the repository defines, with its variables and placeholders filled in: s.yaml, the policies of deploy/ram, the index and
# the alert rules of deploy/alerts. There are no resources here, so `terraform test` needs no provider in this folder.

terraform {
  required_version = ">= 1.5"
}

locals {
  root     = "${path.module}/../../.."
  alerts   = [for file in fileset("${local.root}/deploy/alerts", "*.yaml") : trimsuffix(file, ".yaml") if file != "queries.yaml"]
  policies = ["function", "platform", "directory"]
  sources = concat(
    ["s.yaml"],
    [for name in local.policies : "deploy/ram/${name}.json"],
    [for name in local.alerts : "deploy/alerts/${name}.yaml"],
  )

  # What `vars` of s.yaml takes from the environment of whoever deploys with Serverless Devs.
  vars = {
    region             = var.region
    role               = "acs:ram::${var.account_id}:role/peerguard"
    failureDestination = "acs:mns:${var.region}::/topics/${var.failure_topic}/messages"
    deadLetterQueue    = "acs:mns:${var.region}:${var.account_id}:/queues/${var.dead_letter_queue}"
    logProject         = var.log_project
    logstore           = var.logstore
  }
  placeholders = merge({ for name, value in local.vars : "$${vars.${name}}" => value }, {
    "<REGION>"           = var.region
    "<ACCOUNT_ID>"       = var.account_id
    "<LOG_PROJECT>"      = var.log_project
    "<LOGSTORE>"         = var.logstore
    "<FAILURE_TOPIC>"    = var.failure_topic
    "<ACTION_POLICY_ID>" = var.action_policy_id
  })
  texts = { for source in local.sources : source => join("", [
    for part in regexall("\\$\\{vars\\.\\w+\\}|<[A-Z_]+>|[^$<]+|[$<]", file("${local.root}/${source}")) :
    lookup(local.placeholders, part, part)
  ]) }

  # Trigger names come from s.yaml before it is filled in: they must be known in a plan, and an account id may not be.
  trigger_names = yamldecode(file("${local.root}/s.yaml")).resources.peerguard.props.triggers[*].triggerName
  props         = yamldecode(local.texts["s.yaml"]).resources.peerguard.props

  function_policy = jsondecode(local.texts["deploy/ram/function.json"])
}

output "function" {
  description = "What s.yaml says about the function, as Serverless Devs reads it."
  value       = local.props
}

output "triggers" {
  description = "The triggers of s.yaml by their names."
  value       = { for i, name in local.trigger_names : name => local.props.triggers[i] }
}

output "trust_policy" {
  description = "Who may assume the function's role."
  value       = file("${local.root}/deploy/ram/trust-function.json")
}

output "policies" {
  description = "The policies of the function's role by their names, as JSON."
  value = merge(
    {
      peerguard = jsonencode(merge(local.function_policy, {
        Statement = [for s in local.function_policy.Statement : s if var.guard_members || !contains(s.Action, "sts:AssumeRole")]
      }))
      peerguard-platform = local.texts["deploy/ram/platform.json"]
    },
    var.read_directory ? { peerguard-directory = local.texts["deploy/ram/directory.json"] } : {},
  )
}

output "index" {
  description = "The index of the Logstore."
  value       = jsondecode(file("${local.root}/deploy/alerts/index.json"))
}

output "alerts" {
  description = "The alert rules by the names of their files."
  value       = { for name in local.alerts : name => yamldecode(local.texts["deploy/alerts/${name}.yaml"]) }
}
