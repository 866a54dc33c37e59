# peerguard with everything around it, in one account that guards itself and its member accounts.
# Run `make zip` in the root of the repository first.

terraform {
  required_version = ">= 1.5"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.263.0"
    }
  }
}

provider "alicloud" {
  region = "cn-shanghai" # credentials: the provider's environment variables or a profile, never this file
}

module "peerguard" {
  source = "../.."

  log_project      = var.log_project
  action_policy_id = var.action_policy_id
  guard_members    = true

  # Leave out those that the account has.
  service_linked_roles = [
    "source-actiontrail.eventbridge.aliyuncs.com",
    "sendevent-fc.eventbridge.aliyuncs.com",
    "sendevent-mns.eventbridge.aliyuncs.com",
  ]
}

variable "log_project" {
  description = "Project of Simple Log Service to create. Its name is unique in all of Alibaba Cloud."
  type        = string
}

variable "action_policy_id" {
  description = "Action policy of the alert centre: it says who is told about an alert, and how."
  type        = string
}

output "role" {
  description = "What the roles of member accounts must trust."
  value       = module.peerguard.role
}
