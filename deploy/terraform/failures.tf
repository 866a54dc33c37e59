# Where failed events go. The function's failures go to a topic, which keeps nothing by itself, so a queue subscribes to it.
# What EventBridge cannot deliver goes to the dead-letter queue.

locals {
  keep_seconds = 7 * 24 * 60 * 60 # the longest that a queue keeps a message, and as long as a request is pending
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/message_service_topic
resource "alicloud_message_service_topic" "failed" {
  count = contains(var.parts, "failures") ? 1 : 0

  topic_name = var.failure_topic
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/message_service_queue
resource "alicloud_message_service_queue" "failed" {
  count = contains(var.parts, "failures") ? 1 : 0

  queue_name               = var.failure_topic
  message_retention_period = local.keep_seconds
}

# https://registry.terraform.io/providers/aliyun/alicloud/latest/docs/resources/message_service_subscription
resource "alicloud_message_service_subscription" "failed" {
  count = contains(var.parts, "failures") ? 1 : 0

  topic_name            = alicloud_message_service_topic.failed[0].topic_name
  subscription_name     = var.failure_topic
  push_type             = "queue"
  endpoint              = alicloud_message_service_queue.failed[0].queue_name
  notify_content_format = "SIMPLIFIED" # the event's bytes as they are
}

resource "alicloud_message_service_queue" "dead_letters" {
  count = contains(var.parts, "failures") ? 1 : 0

  queue_name               = var.dead_letter_queue
  message_retention_period = local.keep_seconds
}
