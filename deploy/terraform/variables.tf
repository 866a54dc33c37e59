variable "parts" {
  description = "What Terraform creates. What you leave out must exist, or be created by others, under the names below."
  type        = set(string)
  default     = ["log-project", "logstore", "failures", "role", "bucket", "function", "triggers", "alerts"]

  validation {
    condition     = length(setsubtract(var.parts, ["log-project", "logstore", "failures", "role", "bucket", "function", "triggers", "alerts"])) == 0
    error_message = "The parts are log-project, logstore, failures, role, bucket, function, triggers and alerts."
  }
}

variable "package" {
  description = "The zip file that `make zip` writes. Without it: peerguard.zip in the root of this repository."
  type        = string
  default     = null
}

variable "package_bucket" {
  description = "Bucket for the package, in the region of the function. Without it: peerguard-ACCOUNT-REGION."
  type        = string
  default     = null
}

variable "log_project" {
  description = "Project of Simple Log Service. Its name is unique in all of Alibaba Cloud."
  type        = string
}

variable "logstore" {
  description = "Logstore in it."
  type        = string
  default     = "peerguard"
}

variable "retention_days" {
  description = "How long the Logstore keeps what was decided, in days: by default long enough for a yearly audit. 3650 is for good."
  type        = number
  default     = 400
}

variable "failure_topic" {
  description = "Topic of Simple Message Queue for events whose last retry failed, and the queue that keeps them."
  type        = string
  default     = "peerguard-failed"
}

variable "dead_letter_queue" {
  description = "Queue of Simple Message Queue for events that EventBridge could not deliver."
  type        = string
  default     = "peerguard-dead-letters"
}

variable "guard_members" {
  description = "Let the function assume the role peerguard of member accounts: true if policy.yaml has guard.accounts."
  type        = bool
  default     = false
}

variable "read_directory" {
  description = "Let the function read the resource directory with its own role: true if policy.yaml has a directory without a role."
  type        = bool
  default     = false
}

variable "triggers" {
  description = "Which triggers of s.yaml Terraform creates. Without it: all of them."
  type        = set(string)
  default     = null
}

variable "service_linked_roles" {
  description = "Service-linked roles of EventBridge to create. Creating one that exists is an error: list only those that the account does not have yet."
  type        = set(string)
  default     = []
}

variable "action_policy_id" {
  description = "Action policy of the alert centre: it says who is told about an alert, and how. The part alerts needs it."
  type        = string
  default     = ""
}
