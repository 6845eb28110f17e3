"""Where a request says its code is: the members that CreateFunction, UpdateFunctionCode and PublishLayerVersion share."""

from lambent.api.call import Members
from lambent.control.code import CodeSource, ObjectAddress
from lambent.core.errors import InvalidParameterValue, OperationNotImplemented

_S3_MEMBERS = ("S3Bucket", "S3Key", "S3ObjectVersion")


def code_source(members: Members) -> CodeSource:
    """Read ZipFile, or S3Bucket with S3Key, or ImageUri; none of them is left for the control plane to refuse.

    Raises InvalidParameterValue (more than one of them), OperationNotImplemented (code that stays in S3).
    """
    if members.get("S3ObjectStorageMode", "COPY") != "COPY":
        raise OperationNotImplemented("S3ObjectStorageMode REFERENCE is not implemented: Lambent copies the code (COPY).")
    in_s3 = [name for name in _S3_MEMBERS if members.get(name)]
    image_uri = members.get("ImageUri")
    if "ZipFile" in members:
        if in_s3 or image_uri:
            raise InvalidParameterValue("Please do not provide other FunctionCode parameters when providing a ZipFile.")
        return CodeSource(zip_file=bytes(members["ZipFile"]))
    if image_uri and members.get("SourceKMSKeyArn"):
        raise InvalidParameterValue("SourceKMSKeyArn is supported only for functions with packageType Zip.")
    if image_uri and in_s3:
        raise InvalidParameterValue("Please do not provide other FunctionCode parameters when providing an ImageUri.")
    if not in_s3:
        return CodeSource(image_uri=image_uri or None)
    if "S3Bucket" not in in_s3 or "S3Key" not in in_s3:
        raise InvalidParameterValue("Please provide both S3Bucket and S3Key for the code.")
    return CodeSource(
        s3_object=ObjectAddress(bucket=members["S3Bucket"], key=members["S3Key"], version=members.get("S3ObjectVersion"))
    )
