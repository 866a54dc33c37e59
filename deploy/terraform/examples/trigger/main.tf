# Only the EventBridge trigger, beside a function that Serverless Devs deploys:
#
#   s deploy -y --function --async-invoke-config --trigger sweep

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
  region = "cn-shanghai" # DEPLOY_REGION of s.yaml
}

module "peerguard" {
  source = "../.."

  parts                = ["triggers"]
  triggers             = ["peering-events"]
  dead_letter_queue    = "peerguard-dead-letters" # as in DEPLOY_DEAD_LETTER_QUEUE; it must exist
  log_project          = var.log_project
  service_linked_roles = ["source-actiontrail.eventbridge.aliyuncs.com"] # if the account does not have it
}

variable "log_project" {
  description = "DEPLOY_LOG_PROJECT of s.yaml."
  type        = string
}
