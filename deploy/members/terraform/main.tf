# The same as ../stack-group.yaml: the role of ../role.yaml in every member account of some folders, and in those that join
# later. Run it with credentials of the management account, or of the delegated administrator account of ros.aliyuncs.com.

terraform {
  required_version = ">= 1.5"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.279.0" # alicloud_ros_stack_instances
    }
  }
}

data "alicloud_regions" "current" {
  current = true
}

locals {
  parameters = {
    FunctionAccount = var.function_account
    FunctionRole    = var.function_role
    RoleName        = var.role_name
    ExternalId      = var.external_id
  }
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ros_stack_group
resource "alicloud_ros_stack_group" "peerguard" {
  stack_group_name = var.role_name
  description      = "peerguard's role in every member account"
  permission_model = "SERVICE_MANAGED"
  template_body    = file("${path.module}/../role.yaml")

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  dynamic "parameters" {
    for_each = { for key, value in local.parameters : key => value if value != "" }
    content {
      parameter_key   = parameters.key
      parameter_value = parameters.value
    }
  }
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ros_stack_instances
resource "alicloud_ros_stack_instances" "peerguard" {
  stack_group_name = alicloud_ros_stack_group.peerguard.stack_group_name
  region_ids       = [data.alicloud_regions.current.regions[0].id] # a role is the same in every region: one stack in each account is enough

  deployment_targets {
    rd_folder_ids = var.folders
  }

  operation_preferences {
    max_concurrent_percentage    = 20
    failure_tolerance_percentage = 100
  }
}
