# The function's role. The roles of member accounts are created in those accounts, from deploy/ram/member.json and
# trust-member.json, or in all of them by the module deploy/members/terraform.

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ram_role
resource "alicloud_ram_role" "function" {
  count = contains(var.parts, "role") ? 1 : 0

  role_name                   = "peerguard"
  assume_role_policy_document = module.files.trust_policy
  description                 = "rejects VPC peering requests; creates no connectivity"
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/ram_policy
resource "alicloud_ram_policy" "function" {
  for_each = { for name, document in module.files.policies : name => document if contains(var.parts, "role") }

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
