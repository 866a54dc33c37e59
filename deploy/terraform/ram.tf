# The function's role, if you keep roles in Terraform. The roles of member accounts are created in those accounts, from
# deploy/ram/member.json and trust-member.json, or in all of them by the module deploy/members/terraform.

locals {
  function_policy = jsondecode(file("${path.module}/../ram/function.json"))

  placeholders = {
    "<REGION>"        = var.region
    "<ACCOUNT_ID>"    = local.account_id
    "<LOG_PROJECT>"   = var.log_project
    "<LOGSTORE>"      = var.logstore
    "<FAILURE_TOPIC>" = var.failure_topic
  }
  platform_policy = join("", [for part in regexall("<[A-Z_]+>|[^<]+", file("${path.module}/../ram/platform.json")) :
  lookup(local.placeholders, part, part)])

  policies = {
    peerguard = jsonencode(merge(local.function_policy, {
      Statement = [for s in local.function_policy.Statement : s if var.guard_members || !contains(s.Action, "sts:AssumeRole")]
    }))
    peerguard-platform = local.platform_policy
  }
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ram_role
resource "alicloud_ram_role" "function" {
  count = var.create_role ? 1 : 0

  role_name                   = "peerguard"
  assume_role_policy_document = file("${path.module}/../ram/trust-function.json")
  description                 = "rejects VPC peering requests; creates no connectivity"
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ram_policy
resource "alicloud_ram_policy" "function" {
  for_each = var.create_role ? local.policies : {}

  policy_name     = each.key
  policy_document = each.value
  description     = "see deploy/ram/README.md"
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ram_role_policy_attachment
resource "alicloud_ram_role_policy_attachment" "function" {
  for_each = alicloud_ram_policy.function

  role_name   = alicloud_ram_role.function[0].role_name
  policy_name = each.value.policy_name
  policy_type = "Custom"
}

output "role" {
  description = "What DEPLOY_ROLE takes."
  value       = one(alicloud_ram_role.function[*].arn)
}
