# The function as s.yaml describes it, with the package of package.tf.

locals {
  function = module.files.function
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/fcv3_function
resource "alicloud_fcv3_function" "peerguard" {
  count = contains(var.parts, "function") ? 1 : 0

  function_name         = local.function.functionName
  description           = local.function.description
  runtime               = local.function.runtime
  handler               = try(local.function.handler, local.function.functionName) # the provider asks for one, a custom runtime does not
  cpu                   = local.function.cpu
  memory_size           = local.function.memorySize
  disk_size             = local.function.diskSize
  timeout               = local.function.timeout
  instance_concurrency  = try(local.function.instanceConcurrency, null)
  internet_access       = local.function.internetAccess
  role                  = local.function.role
  environment_variables = local.function.environmentVariables

  code {
    oss_bucket_name = alicloud_oss_bucket_object.package[0].bucket
    oss_object_name = alicloud_oss_bucket_object.package[0].key
  }

  dynamic "custom_runtime_config" {
    for_each = try([local.function.customRuntimeConfig], []) # go1 has none
    content {
      command = local.function.customRuntimeConfig.command
      port    = local.function.customRuntimeConfig.port
    }
  }

  log_config {
    project                 = local.function.logConfig.project
    logstore                = local.function.logConfig.logstore
    enable_request_metrics  = local.function.logConfig.enableRequestMetrics
    enable_instance_metrics = local.function.logConfig.enableInstanceMetrics
    log_begin_rule          = local.function.logConfig.logBeginRule
  }

  depends_on = [alicloud_ram_role_policy_attachment.function, alicloud_log_store_index.peerguard]
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/fcv3_async_invoke_config
resource "alicloud_fcv3_async_invoke_config" "peerguard" {
  count = contains(var.parts, "function") ? 1 : 0

  function_name                  = alicloud_fcv3_function.peerguard[0].function_name
  qualifier                      = local.function.asyncInvokeConfig.qualifier
  max_async_retry_attempts       = local.function.asyncInvokeConfig.maxAsyncRetryAttempts
  max_async_event_age_in_seconds = local.function.asyncInvokeConfig.maxAsyncEventAgeInSeconds

  destination_config {
    on_failure {
      destination = local.function.asyncInvokeConfig.destinationConfig.onFailure.destination
    }
  }

  depends_on = [alicloud_message_service_subscription.failed]
}
