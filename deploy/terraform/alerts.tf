# The alert rules of deploy/alerts.

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/sls_alert
resource "alicloud_sls_alert" "peerguard" {
  for_each = { for name, rule in module.files.alerts : name => rule if contains(var.parts, "alerts") }

  project_name = var.log_project
  alert_name   = each.value.name
  display_name = each.value.displayName

  schedule {
    type     = each.value.schedule.type
    interval = each.value.schedule.interval
  }

  configuration {
    version          = each.value.configuration.version
    type             = each.value.configuration.type
    dashboard        = each.value.configuration.dashboard
    auto_annotation  = each.value.configuration.autoAnnotation
    send_resolved    = each.value.configuration.sendResolved
    threshold        = each.value.configuration.threshold
    no_data_fire     = each.value.configuration.noDataFire
    no_data_severity = each.value.configuration.noDataSeverity

    dynamic "query_list" {
      for_each = each.value.configuration.queryList
      content {
        store_type     = query_list.value.storeType
        region         = query_list.value.region
        project        = query_list.value.project
        store          = query_list.value.store
        query          = query_list.value.query
        time_span_type = query_list.value.timeSpanType
        start          = query_list.value.start
        end            = query_list.value.end
        power_sql_mode = query_list.value.powerSqlMode
      }
    }

    group_configuration {
      type   = each.value.configuration.groupConfiguration.type
      fields = each.value.configuration.groupConfiguration.fields
    }

    dynamic "severity_configurations" {
      for_each = each.value.configuration.severityConfigurations
      content {
        severity = severity_configurations.value.severity
        eval_condition {
          condition       = severity_configurations.value.evalCondition.condition
          count_condition = severity_configurations.value.evalCondition.countCondition
        }
      }
    }

    dynamic "labels" {
      for_each = each.value.configuration.labels
      content {
        key   = labels.value.key
        value = labels.value.value
      }
    }

    dynamic "annotations" {
      for_each = each.value.configuration.annotations
      content {
        key   = annotations.value.key
        value = annotations.value.value
      }
    }

    sink_alerthub {
      enabled = each.value.configuration.sinkAlerthub.enabled
    }

    policy_configuration {
      alert_policy_id  = each.value.configuration.policyConfiguration.alertPolicyId
      action_policy_id = each.value.configuration.policyConfiguration.actionPolicyId
      repeat_interval  = each.value.configuration.policyConfiguration.repeatInterval
    }
  }

  lifecycle {
    precondition {
      condition     = var.action_policy_id != ""
      error_message = "An alert that tells nobody is no alert: set action_policy_id, or leave alerts out of parts."
    }
  }

  depends_on = [alicloud_log_store_index.peerguard]
}
