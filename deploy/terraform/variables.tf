variable "region" {
  description = "Where the function runs: DEPLOY_REGION of s.yaml."
  type        = string
  default     = "cn-shanghai"
}

variable "triggers" {
  description = "Which triggers of s.yaml Terraform owns. The others stay with `s deploy`."
  type        = set(string)
  default     = ["peering-events"]
}

variable "service_linked_roles" {
  description = "Service-linked roles of EventBridge to create. Creating one that exists is an error: list only those that the account does not have yet."
  type        = set(string)
  default     = []
}

variable "create_role" {
  description = "Create the function's role, with the policies of deploy/ram."
  type        = bool
  default     = false
}

variable "member_accounts" {
  description = "Further accounts to guard, each through its role peerguard; the accounts of guard.accounts in policy.yaml."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.member_accounts : can(regex("^[0-9]+$", id))])
    error_message = "An account id is digits, in quotes."
  }
}

variable "failure_topic" {
  description = "Topic of Simple Message Queue that DEPLOY_FAILURE_DESTINATION names."
  type        = string
  default     = "peerguard-failed"
}

variable "log_project" {
  description = "Project of Simple Log Service: DEPLOY_LOG_PROJECT of s.yaml."
  type        = string
}

variable "logstore" {
  description = "Logstore in it: DEPLOY_LOG_STORE of s.yaml."
  type        = string
  default     = "peerguard"
}

variable "action_policy_id" {
  description = "Action policy that says who is told about an alert, and how. Empty: create no alerts."
  type        = string
  default     = ""
}
