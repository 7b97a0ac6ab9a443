"""The paper venue: its books in our database, and the prices that it trades at.

To everything else it is a venue like any other, behind `AccountPort`; nothing here
reaches an exchange.
"""
