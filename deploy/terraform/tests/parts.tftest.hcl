# The provider is mocked: these tests need its schema and no account.

mock_provider "alicloud" {
  mock_data "alicloud_account" {
    defaults = { id = "1111111111111111" }
  }
  mock_data "alicloud_regions" {
    defaults = { regions = [{ id = "cn-shanghai" }] }
  }
}

variables {
  package          = "../../s.yaml" # any file: the provider does not look into it
  log_project      = "peerguard-logs"
  action_policy_id = "night-shift"
}

run "everything" {
  command = plan

  assert {
    condition = (
      alicloud_fcv3_function.peerguard[0].function_name == "peerguard" &&
      alicloud_fcv3_function.peerguard[0].timeout == module.files.function.timeout &&
      alicloud_fcv3_function.peerguard[0].instance_concurrency == module.files.function.instanceConcurrency &&
      alicloud_fcv3_function.peerguard[0].environment_variables == tomap(module.files.function.environmentVariables) &&
      alicloud_fcv3_function.peerguard[0].custom_runtime_config[0].command == tolist(["/code/bootstrap"]) &&
      alicloud_fcv3_function.peerguard[0].role == "acs:ram::1111111111111111:role/peerguard" &&
      alicloud_fcv3_function.peerguard[0].log_config[0].project == "peerguard-logs"
    )
    error_message = "The function is another one than in s.yaml."
  }
  assert {
    condition = (
      alicloud_fcv3_function.peerguard[0].code[0].oss_bucket_name == alicloud_oss_bucket.packages[0].bucket &&
      alicloud_oss_bucket.packages[0].bucket == "peerguard-1111111111111111-cn-shanghai" &&
      alicloud_fcv3_function.peerguard[0].code[0].oss_object_name == "peerguard-${filesha256("../../s.yaml")}.zip" &&
      alicloud_oss_bucket_object.package[0].source == "../../s.yaml"
    )
    error_message = "The function has another package."
  }
  assert {
    condition = (
      alicloud_fcv3_async_invoke_config.peerguard[0].destination_config[0].on_failure[0].destination == "acs:mns:cn-shanghai::/topics/peerguard-failed/messages" &&
      alicloud_message_service_topic.failed[0].topic_name == "peerguard-failed" &&
      alicloud_message_service_subscription.failed[0].topic_name == "peerguard-failed" &&
      alicloud_message_service_subscription.failed[0].endpoint == alicloud_message_service_queue.failed[0].queue_name
    )
    error_message = "A failed event is not kept."
  }
  assert {
    condition = (
      jsondecode(alicloud_fcv3_trigger.peerguard["peering-events"].trigger_config).runOptions.deadLetterQueue.Arn ==
      "acs:mns:cn-shanghai:1111111111111111:/queues/${alicloud_message_service_queue.dead_letters[0].queue_name}"
    )
    error_message = "EventBridge puts an event that it cannot deliver into another queue."
  }
  assert {
    condition     = jsondecode(alicloud_fcv3_trigger.peerguard["sweep"].trigger_config).enable == true
    error_message = "The timer is off."
  }
  assert {
    condition     = toset(keys(alicloud_ram_role_policy_attachment.function)) == toset(["peerguard", "peerguard-platform"])
    error_message = "The role has other policies: ${join(", ", keys(alicloud_ram_role_policy_attachment.function))}"
  }
  assert {
    condition = (
      alicloud_log_store.peerguard[0].project_name == alicloud_log_project.peerguard[0].project_name &&
      alicloud_log_store_index.peerguard[0].max_text_len == 16384 &&
      [for field in alicloud_log_store_index.peerguard[0].field_search : field.name] == ["message"]
    )
    error_message = "The Logstore is not indexed as in deploy/alerts/index.json."
  }
  assert {
    condition     = length(alicloud_sls_alert.peerguard) == 5 && alicloud_sls_alert.peerguard["no-sweep"].configuration[0].no_data_fire == true
    error_message = "An alert is missing, or is another one than in deploy/alerts."
  }
  assert {
    condition     = length(alicloud_resource_manager_service_linked_role.eventbridge) == 0
    error_message = "A service-linked role that nobody asked for: creating one that exists is an error."
  }
}

run "only_one_trigger" {
  command = plan
  variables {
    parts                = ["triggers"]
    triggers             = ["peering-events"]
    package              = null # not read
    action_policy_id     = ""
    service_linked_roles = ["source-actiontrail.eventbridge.aliyuncs.com"]
  }
  assert {
    condition     = keys(alicloud_fcv3_trigger.peerguard) == ["peering-events"] && alicloud_fcv3_trigger.peerguard["peering-events"].function_name == "peerguard"
    error_message = "Other triggers: ${join(", ", keys(alicloud_fcv3_trigger.peerguard))}"
  }
  assert {
    condition = 0 == sum([
      length(alicloud_fcv3_function.peerguard), length(alicloud_fcv3_async_invoke_config.peerguard), length(alicloud_ram_role.function),
      length(alicloud_oss_bucket.packages), length(alicloud_oss_bucket_object.package),
      length(alicloud_ram_policy.function), length(alicloud_log_project.peerguard), length(alicloud_log_store.peerguard),
      length(alicloud_message_service_topic.failed), length(alicloud_message_service_queue.dead_letters), length(alicloud_sls_alert.peerguard),
    ])
    error_message = "Terraform creates more than it was asked for."
  }
}

run "only_the_role" {
  command = plan
  variables {
    parts          = ["role"]
    guard_members  = true
    read_directory = true
  }
  assert {
    condition     = length(alicloud_ram_role_policy_attachment.function) == 3 && alicloud_ram_role.function[0].role_name == "peerguard"
    error_message = "The role is another one."
  }
  assert {
    condition     = length(alicloud_fcv3_trigger.peerguard) + length(alicloud_fcv3_function.peerguard) + length(alicloud_sls_alert.peerguard) == 0
    error_message = "Terraform creates more than it was asked for."
  }
}

run "only_the_alerts" {
  command = plan
  variables {
    parts = ["alerts"]
  }
  assert {
    condition     = length(alicloud_sls_alert.peerguard) == 5 && length(alicloud_log_store_index.peerguard) + length(alicloud_ram_role.function) == 0
    error_message = "Terraform creates more or less than it was asked for."
  }
}

run "alerts_tell_somebody" {
  command = plan
  variables {
    action_policy_id = ""
  }
  expect_failures = [alicloud_sls_alert.peerguard]
}

run "a_misspelt_part" {
  command = plan
  variables {
    parts = ["trigger"]
  }
  expect_failures = [var.parts]
}

# What is known only after an apply breaks nothing.
run "an_apply_of_everything" {
  assert {
    condition     = output.role == "acs:ram::1111111111111111:role/peerguard" && alicloud_ram_role.function[0].id != ""
    error_message = "Another role: ${output.role}"
  }
}
