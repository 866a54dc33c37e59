# Everything that peerguard needs in the account of the function. Nothing is defined twice: the function and its triggers come
# from s.yaml, policies from deploy/ram, the index and alerts from deploy/alerts. The module files reads them.

terraform {
  required_version = ">= 1.5"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.263.0" # alicloud_log_store_index.max_text_len
    }
  }
}

data "alicloud_account" "current" {}

data "alicloud_regions" "current" {
  current = true
}

module "files" {
  source = "./files"

  region            = data.alicloud_regions.current.regions[0].id
  account_id        = data.alicloud_account.current.id
  log_project       = var.log_project
  logstore          = var.logstore
  failure_topic     = var.failure_topic
  dead_letter_queue = var.dead_letter_queue
  guard_members     = var.guard_members
  read_directory    = var.read_directory
  action_policy_id  = var.action_policy_id
}

output "role" {
  description = "The function's role: what DEPLOY_ROLE takes if Serverless Devs deploys the function."
  value       = module.files.function.role
}

output "failure_destination" {
  description = "What DEPLOY_FAILURE_DESTINATION takes."
  value       = module.files.function.asyncInvokeConfig.destinationConfig.onFailure.destination
}

output "dead_letter_queue" {
  description = "What DEPLOY_DEAD_LETTER_QUEUE takes."
  value       = module.files.triggers["peering-events"].triggerConfig.runOptions.deadLetterQueue.Arn
}
