"""A web application that knows nothing of Lambda (Flask)."""

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
served = {"requests": 0}


@app.route("/orders/<number>", methods=["GET", "POST"])
def order(number):
    served["requests"] += 1
    reply = jsonify(
        method=request.method,
        order=number,
        colours=request.args.getlist("colour"),
        body=request.get_data(as_text=True),
        cookie=request.cookies.get("session"),
        served=served["requests"],
    )
    reply.status_code = 201 if request.method == "POST" else 200
    reply.set_cookie("session", "new")
    return reply


@app.get("/picture")
def picture():
    return Response(bytes(range(256)), mimetype="image/png")


@app.get("/broken")
def broken():
    raise RuntimeError("broken")


if __name__ == "__main__":
    app.run(port=8080)
