"""The domain that the Lambdas share: what a job and a clip are, where they are kept, who renders them."""
