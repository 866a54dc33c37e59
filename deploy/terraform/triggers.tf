# The triggers of s.yaml, and the service-linked roles that EventBridge needs for one of them.

locals {
  triggers = contains(var.parts, "triggers") ? coalesce(var.triggers, keys(module.files.triggers)) : []
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/fcv3_trigger
resource "alicloud_fcv3_trigger" "peerguard" {
  for_each = toset(local.triggers)

  function_name  = local.function.functionName
  qualifier      = local.function.asyncInvokeConfig.qualifier
  trigger_name   = each.key
  trigger_type   = module.files.triggers[each.key].triggerType
  description    = module.files.triggers[each.key].description
  trigger_config = jsonencode(module.files.triggers[each.key].triggerConfig)

  # An event that fails must have a place to go before the first one arrives.
  depends_on = [
    alicloud_fcv3_async_invoke_config.peerguard,
    alicloud_message_service_queue.dead_letters,
    alicloud_resource_manager_service_linked_role.eventbridge,
  ]
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/resource_manager_service_linked_role
resource "alicloud_resource_manager_service_linked_role" "eventbridge" {
  for_each = var.service_linked_roles

  service_name = each.key
}
