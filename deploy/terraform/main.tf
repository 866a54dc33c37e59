# What Serverless Devs may be unable to create, and what it does not create: triggers, roles, alerts.
# Nothing is defined twice: triggers come from s.yaml, policies from deploy/ram, alerts from deploy/alerts.
# Serverless Devs still deploys the function itself.

terraform {
  required_version = ">= 1.5"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.252.0" # alicloud_ram_role.role_name
    }
  }
}

provider "alicloud" {
  region = var.region # credentials: the provider's environment variables or a profile, never this file
}

data "alicloud_account" "current" {}

locals {
  account_id = data.alicloud_account.current.id
  deployment = yamldecode(file("${path.module}/../../s.yaml"))
  function   = local.deployment.resources.peerguard.props
  triggers   = { for t in local.function.triggers : t.triggerName => t }

  # What `vars` of s.yaml takes from the environment of whoever deploys with Serverless Devs.
  dead_letter_queue = "acs:mns:${var.region}:${local.account_id}:/queues/${var.dead_letter_queue}"
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/fcv3_trigger
resource "alicloud_fcv3_trigger" "peerguard" {
  for_each = var.triggers

  function_name  = local.function.functionName
  qualifier      = "LATEST"
  trigger_name   = each.key
  trigger_type   = local.triggers[each.key].triggerType
  description    = local.triggers[each.key].description
  trigger_config = replace(jsonencode(local.triggers[each.key].triggerConfig), "$${vars.deadLetterQueue}", local.dead_letter_queue)

  depends_on = [alicloud_resource_manager_service_linked_role.eventbridge]
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/resource_manager_service_linked_role
resource "alicloud_resource_manager_service_linked_role" "eventbridge" {
  for_each = var.service_linked_roles

  service_name = each.key
}
